// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The key channel's way through zebra, for both ends.
 */
#ifndef MRKM_ZAPI_H
#define MRKM_ZAPI_H

#include <stddef.h>
#include <stdint.h>

#include "mrkm/mrkm_sender.h"

struct event_loop;
struct stream;
struct zclient;

/* mrkmd's session, known to all receivers. */
extern const struct mrkm_peer mrkm_zapi_mrkmd;

struct mrkm_zapi_callbacks {
	/* The connection is there (again): register now. */
	void (*connected)(void);

	/* An opaque message of `type`; the octets are the buffer's. */
	void (*message)(uint32_t type, const struct mrkm_peer *from,
			const uint8_t *octets, size_t len);

	/* A process registered for `type`; NULL: none is left.  Or NULL. */
	void (*registered)(uint32_t type, const struct mrkm_peer *peer);

	/* A ZAPI session of another protocol has closed. */
	void (*closed)(const struct mrkm_peer *peer);
};

/*
 * A ZAPI client that connects to zebra once the event loop runs, and again
 * whenever zebra restarts.  One a process; freed by mrkm_zapi_free().
 */
struct zclient *mrkm_zapi_new(struct event_loop *loop,
			      const struct mrkm_peer *own,
			      const struct mrkm_zapi_callbacks *callbacks);
void mrkm_zapi_free(struct zclient *zclient);

/*
 * Sends to one session, or with `to` NULL to all that registered for `type`.
 * 0, -MRKM_ERR_NOT_CONNECTED, or -MRKM_ERR_OUTPUT.
 */
int mrkm_zapi_send(struct zclient *zclient, uint32_t type,
		   const struct mrkm_peer *to, const uint8_t *octets,
		   size_t len);

/*
 * Registers for messages of `type`.  zebra keeps registrations of processes
 * that died, and tells nobody when such a one registers again; so the old
 * one is taken back first.
 */
void mrkm_zapi_register(struct zclient *zclient, uint32_t type);

/* The same for the wish to be told who registers for `type`. */
void mrkm_zapi_watch(struct zclient *zclient, uint32_t type);

#endif /* MRKM_ZAPI_H */
