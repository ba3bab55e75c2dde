// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A receiver's end of the key channel, without sockets: reads mrkmd's
 * messages, keeps the session, unwraps keys, hands them to the applier and
 * answers.
 */
#ifndef MRKM_RECEIVER_H
#define MRKM_RECEIVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "keytable/keytable.h"
#include "mrkm/mrkm_msg.h"
#include "mrkm/mrkm_wrap.h"

/* One (group, protocol) at a receiver, as its applier is told of it. */
struct mrkm_order {
	const char *group;
	uint8_t protocol;
	const char *key_chain; /* NULL in a withdrawal */
	uint64_t boot;	       /* of the mrkmd that ordered it */
	uint32_t session;
};

struct mrkm_receiver_callbacks {
	/* Sends to mrkmd.  0, or negative. */
	int (*send)(void *arg, const uint8_t *octets, size_t len);

	/* Reads mrkmd's wrap key (mrkm_wrap_key_load()). */
	int (*wrap_key)(void *arg, struct mrkm_wrap_key *key);

	/* The applier.  All return 0 or a negated reason for the answer. */

	/* The key chain is mrkmd's now; keys that are there stay. */
	int (*bind)(void *arg, const struct mrkm_order *order);

	/*
	 * Its keys are these and no others; results[i] gets what became of
	 * rows[i].  The rows are wiped afterwards.
	 */
	int (*keys)(void *arg, const struct mrkm_order *order,
		    const struct keytable_row *rows, size_t count,
		    enum mrkm_err *results);

	int (*withdraw)(void *arg, const struct mrkm_order *order);

	/* It protects these interfaces and no others.  NULL: not here. */
	int (*interfaces)(void *arg, const struct mrkm_order *order,
			  const struct mrkm_msg_interface *interfaces,
			  size_t count);

	/*
	 * All that mrkmd of `boot` has was said in `session`.  What the same
	 * mrkmd had said before, and not again, was withdrawn meanwhile; what
	 * an earlier mrkmd had said stays until its lifetime is over.
	 */
	void (*synced)(void *arg, uint64_t boot, uint32_t session);
};

struct mrkm_receiver {
	const struct mrkm_receiver_callbacks *callbacks;
	void *arg;
	struct mrkm_msg hello; /* what we answer to HELLO, but the session */
	uint64_t mrkmd_boot;   /* of the last HELLO; 0: none yet */
	uint32_t session;      /* 0: none */
	uint32_t serial;       /* of the last message taken */
	bool unreadable;       /* were keys of this session */
	uint64_t counters[MRKM_ERR_MAX]; /* messages dropped, by reason */
};

/*
 * `boot` is drawn anew by each process, not 0.  `daemon` is its name,
 * `instance` its number (0: none).
 */
void mrkm_receiver_init(struct mrkm_receiver *receiver,
			const struct mrkm_receiver_callbacks *callbacks,
			void *arg, uint64_t boot, const char *daemon,
			uint16_t instance);

/* Says in HELLO that this daemon can do `algorithms` of `protocol`. */
void mrkm_receiver_add_capability(struct mrkm_receiver *receiver,
				  uint8_t protocol, uint32_t algorithms);

/*
 * The same, of a daemon that finds out only now: replaces what it had said, and
 * begins a new session if that is news.
 */
void mrkm_receiver_change_capability(struct mrkm_receiver *receiver,
				     uint8_t protocol, uint32_t algorithms);

/* The way to mrkmd was cut: whatever comes next starts with HELLO. */
void mrkm_receiver_disconnected(struct mrkm_receiver *receiver);

/* A message of mrkmd.  0, or the reason it was dropped (and counted). */
int mrkm_receiver_input(struct mrkm_receiver *receiver, const uint8_t *octets,
			size_t len);

/*
 * Tells mrkmd, unasked, what has become of a key chain and its keys, for
 * instance because the operator took it over.  0, or negative.
 */
int mrkm_receiver_report(struct mrkm_receiver *receiver, const char *group,
			 uint8_t protocol, enum mrkm_err result,
			 const struct mrkm_msg_result *results, size_t count);

#endif /* MRKM_RECEIVER_H */
