// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * mrkmd's end of the key channel, without sockets and clock: which keys there
 * are, which receivers there are, and what each was told and answered.
 *
 * Instants are microseconds of CLOCK_MONOTONIC.
 */
#ifndef MRKM_SENDER_H
#define MRKM_SENDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "keytable/keytable.h"
#include "mrkm/mrkm_msg.h"
#include "mrkm/mrkm_wrap.h"

/* Receivers that mrkmd keeps account of; one that is away makes room. */
#define MRKM_RECEIVERS_MAX 16

/* Where a receiver is: its ZAPI session. */
struct mrkm_peer {
	uint8_t proto; /* ZEBRA_ROUTE_* */
	uint16_t instance;
	uint32_t session;
};

enum mrkm_receiver_state {
	MRKM_RECEIVER_AWAY,    /* gone, or never answered */
	MRKM_RECEIVER_WAITING, /* about to be greeted again */
	MRKM_RECEIVER_GREETED, /* HELLO sent */
	MRKM_RECEIVER_SYNCING, /* told everything, not all acknowledged */
	MRKM_RECEIVER_SYNCED,
};

const char *mrkm_receiver_state_text(enum mrkm_receiver_state state);

struct mrkm_receiver_status {
	struct mrkm_peer peer;
	enum mrkm_receiver_state state;
	const char *daemon; /* "" until it said hello */
	uint16_t instance;  /* the daemon's own, 0: none */
	size_t capability_count;
	const struct mrkm_capability *capabilities;
	uint32_t keys_installed, keys_refused; /* of those sent to it now */
	uint32_t sessions;  /* HELLOs answered: 1 and a resync each more */
	uint32_t malformed; /* messages from it that could not be read */
};

struct mrkm_key_status {
	const char *group;
	uint8_t protocol;
	const char *key_chain;
	uint32_t id; /* 0: the key chain as a whole */
	const struct mrkm_peer *peer;
	const char *daemon;
	enum mrkm_err result;
};

struct mrkm_sender_callbacks {
	/* Sends to one receiver, or to all with `to` NULL.  0, or negative. */
	int (*send)(void *arg, const struct mrkm_peer *to,
		    const uint8_t *octets, size_t len);
	/* What mrkm_sender_algorithms() says, or why there are none, is another
	 * now. */
	void (*capability)(void *arg, uint8_t protocol, uint32_t algorithms);
	void (*result)(void *arg, const struct mrkm_key_status *status);

	/*
	 * A receiver did not find the wrap key; it will be sent its keys
	 * again.  Time to leave `key` where it looks for it.
	 */
	void (*wrap_key_missing)(void *arg, const struct mrkm_wrap_key *key);
};

struct mrkm_sender;

/* Copies the wrap key.  NULL: out of memory. */
struct mrkm_sender *
mrkm_sender_new(const struct mrkm_sender_callbacks *callbacks, void *arg,
		const struct mrkm_wrap_key *key);

/* Who greets, unless it is mrkmd: the name of a daemon, which is not copied. */
void mrkm_sender_set_name(struct mrkm_sender *sender, const char *name);

/* The sender's copy of the wrap key. */
const struct mrkm_wrap_key *
mrkm_sender_wrap_key(const struct mrkm_sender *sender);

/* Wipes and frees all; sends nothing. */
void mrkm_sender_free(struct mrkm_sender *sender);

/* The way through zebra is open (again), or closed. */
void mrkm_sender_connected(struct mrkm_sender *sender);
void mrkm_sender_disconnected(struct mrkm_sender *sender);

/* zebra says that a receiver registered; that one is gone (NULL: all are). */
void mrkm_sender_registered(struct mrkm_sender *sender,
			    const struct mrkm_peer *peer, uint64_t now);
void mrkm_sender_gone(struct mrkm_sender *sender, const struct mrkm_peer *peer,
		      uint64_t now);

/* A message of `peer`.  0, or the reason it was dropped (and counted). */
int mrkm_sender_input(struct mrkm_sender *sender, const struct mrkm_peer *peer,
		      const uint8_t *octets, size_t len, uint64_t now);

/* Runs what is due; when it is next needed (KEYTABLE_NEVER). */
void mrkm_sender_expire(struct mrkm_sender *sender, uint64_t now);
uint64_t mrkm_sender_deadline(const struct mrkm_sender *sender);

/* See mrkm_channel.h. */
int mrkm_sender_bind(struct mrkm_sender *sender, const char *group,
		     uint8_t protocol, const char *key_chain, uint64_t now);
int mrkm_sender_set(struct mrkm_sender *sender, const char *group,
		    uint8_t protocol, const char *key_chain,
		    const struct keytable_row *rows, size_t count,
		    uint64_t now);

/*
 * The key chain of (group, protocol), which has been set or bound, protects
 * these interfaces and no others.  Said only to the module in zebra.  0,
 * -MRKM_ERR_LIMIT, -MRKM_ERR_NO_MEMORY, -MRKM_ERR_PROTOCOL: no such key chain.
 */
int mrkm_sender_protect(struct mrkm_sender *sender, const char *group,
			uint8_t protocol,
			const struct mrkm_msg_interface *interfaces,
			size_t count, uint64_t now);
void mrkm_sender_unset(struct mrkm_sender *sender, const char *group,
		       uint8_t protocol, uint64_t now);
uint32_t mrkm_sender_algorithms(const struct mrkm_sender *sender,
				uint8_t protocol);

/*
 * Why there are none: MRKM_ERR_NOT_CONNECTED (no receiver of it was ever seen),
 * MRKM_ERR_NO_GUARD (one waits for zebra's module), MRKM_ERR_KERNEL or
 * MRKM_ERR_ALGORITHM (it can do nothing).  MRKM_ERR_OK: there are some.
 */
enum mrkm_err mrkm_sender_obstacle(const struct mrkm_sender *sender,
				   uint8_t protocol);
void mrkm_sender_visit_receivers(
	const struct mrkm_sender *sender,
	void (*visit)(void *arg, const struct mrkm_receiver_status *status),
	void *arg);
void mrkm_sender_visit_keys(const struct mrkm_sender *sender,
			    void (*visit)(void *arg,
					  const struct mrkm_key_status *status),
			    void *arg);
const uint64_t *mrkm_sender_counters(const struct mrkm_sender *sender);

#endif /* MRKM_SENDER_H */
