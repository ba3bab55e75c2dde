// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Which keys a key chain holds at an instant, and which of them sends and
 * accepts.  No libfrr here: the key chain itself is reached through
 * mrkm_chain_ops, so that everything can be tested in virtual time.
 *
 * Windows are not written into the key chain as dates.  libfrr compares
 * dates with the wall clock, in whole seconds: they would have to be rounded,
 * and from a step of the clock until its repair, keys would be dead or
 * resurrected.  A key is instead open or closed for sending and accepting,
 * and a timer of the monotonic clock opens and closes it.  The daemon's
 * packets and that timer run in one event loop, so no packet sees the key
 * chain in between.  Old and new key change places in one step: send windows
 * neither overlap nor leave a gap.
 *
 * Instants are microseconds of CLOCK_MONOTONIC.
 */
#ifndef MRKM_CHAIN_H
#define MRKM_CHAIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "keytable/keytable.h"
#include "mrkm/mrkm_msg.h"
#include "mrkm/mrkm_receiver.h"

/*
 * ID of the last-resort key: a random key that nobody else has, which sends
 * and accepts while no real key does.  With no key at all, ospfd would send
 * an empty digest and ospf6d no trailer; with this one, what they send is
 * refused by everybody, and nothing is accepted.  The ID is above every real
 * one, since libfrr sends with the lowest ID that is open; and where the
 * protocol carries 8 or 16 bits of it, it reads 0, which is no real key's.
 */
#define MRKM_LAST_RESORT_ID 65536

/* Characters of the last-resort key: that many octets for HMAC-SHA-256. */
#define MRKM_LAST_RESORT_LEN 32

/*
 * How long a key stays allocated after it was closed: ospfd keeps a pointer
 * to the key from when it builds a packet until it has sent it.
 */
#define MRKM_CHAIN_GRACE (5 * KEYTABLE_SECOND)

/* How often to look whether the operator changed a key chain. */
#define MRKM_CHAIN_POLL KEYTABLE_SECOND

#define MRKM_BINDINGS_MAX 64

/* The rows of one set, as many again on their way out, the last resort. */
#define MRKM_SLOTS_MAX (2 * KEYTABLE_ROWS_MAX + 1)

enum mrkm_slot_state {
	MRKM_SLOT_FREE,
	MRKM_SLOT_LIVE,
	MRKM_SLOT_RETIRED, /* closed, to be freed at free_at */
};

struct mrkm_slot {
	enum mrkm_slot_state state;
	bool sends, accepts; /* as the key chain has it */
	size_t order;	     /* among the rows of its set, oldest first */
	uint64_t free_at;
	struct keytable_row row;
};

/* A key chain that is kept for (group, protocol). */
struct mrkm_binding {
	char group[MRKM_NAME_MAX + 1];
	char key_chain[MRKM_NAME_MAX + 1];
	uint8_t protocol;
	uint64_t boot;	  /* of the mrkmd that last spoke of it */
	uint32_t session; /* in which it did */
	bool withdrawn;	  /* nobody's: waits for its keys to be freed */
	bool named;	  /* by the daemon's configuration */
	bool exposed;	  /* its keys would leave the daemon in the clear */
	enum mrkm_err obstacle; /* why our keys are not used, or MRKM_ERR_OK */
	uint64_t clear_at;	/* with an obstacle: when to take ours out */
	uint32_t sender;	/* ID of the key that sends, 0: none */
	struct mrkm_slot slots[MRKM_SLOTS_MAX]; /* [0]: the last resort */
};

/* A key as it stands in a key chain; the string is the key chain's. */
struct mrkm_chain_key {
	uint32_t id;
	uint16_t algorithm; /* enum keytable_auth_algo, 0: none of them */
	const char *string; /* NULL: not configured yet */
	bool configured;    /* stands in the running configuration */
};

/* A key chain that the daemon's own configuration names. */
struct mrkm_usage {
	char key_chain[MRKM_NAME_MAX + 1];
	bool exposed; /* as a password that is sent as it stands */
};

struct mrkm_chain_ops {
	/*
	 * Fills in up to `max` keys of a key chain; returns how many it has,
	 * 0 also when there is no such key chain.
	 */
	size_t (*list)(void *arg, const char *key_chain,
		       struct mrkm_chain_key *keys, size_t max);

	/*
	 * Makes the key chain and the key as needed, closed, and sets its
	 * string (`len` octets, none of them NUL) and algorithm.
	 */
	void (*put)(void *arg, const char *key_chain, uint32_t id,
		    uint16_t algorithm, const uint8_t *octets, size_t len);

	/* Opens or closes a key that is there. */
	void (*open)(void *arg, const char *key_chain, uint32_t id, bool sends,
		     bool accepts);

	/*
	 * Wipes and frees a key that is there; the key chain itself stays.
	 * One that the operator has begun to configure is left to him as if
	 * it had never been ours.
	 */
	void (*remove)(void *arg, const char *key_chain, uint32_t id);

	/* Cryptographic randomness.  0, or negative. */
	int (*random)(void *arg, uint8_t *octets, size_t len);

	/* binding->obstacle has changed. */
	void (*obstacle)(void *arg, const struct mrkm_binding *binding);

	/* Another key sends now: binding->sender. */
	void (*sender)(void *arg, const struct mrkm_binding *binding);
};

struct mrkm_chains {
	const struct mrkm_chain_ops *ops;
	void *arg;
	/* KEYTABLE_ALGO_BIT()s of each protocol that this daemon keys. */
	struct mrkm_capability capabilities[MRKM_CAPABILITIES_MAX];
	size_t capability_count;
	struct mrkm_binding *bindings[MRKM_BINDINGS_MAX]; /* NULL: free place */
};

/*
 * The applier's side of mrkm_receiver_callbacks.  0, or a negated reason:
 * MRKM_ERR_PROTOCOL, MRKM_ERR_CHAIN_BUSY, MRKM_ERR_LIMIT, MRKM_ERR_NO_MEMORY,
 * MRKM_ERR_CRYPTO: the key chain is not changed, but (group, protocol) is
 * withdrawn from any other; MRKM_ERR_CONFLICT, MRKM_ERR_EXPOSED: taken, and
 * effective once that is no longer so.
 */
int mrkm_chains_bind(struct mrkm_chains *chains, const struct mrkm_order *order,
		     uint64_t now);
int mrkm_chains_keys(struct mrkm_chains *chains, const struct mrkm_order *order,
		     const struct keytable_row *rows, size_t count,
		     enum mrkm_err *results, uint64_t now);
int mrkm_chains_withdraw(struct mrkm_chains *chains,
			 const struct mrkm_order *order, uint64_t now);
void mrkm_chains_synced(struct mrkm_chains *chains, uint64_t boot,
			uint32_t session, uint64_t now);

/*
 * The daemon's configuration names these key chains and no others.  One that
 * is empty and nobody's gets the last resort, so that a daemon that mrkmd has
 * not reached yet, or let go of, sends nothing without authentication.  To be
 * followed by mrkm_chains_run().
 */
void mrkm_chains_named(struct mrkm_chains *chains,
		       const struct mrkm_usage *usages, size_t count,
		       uint64_t now);

/*
 * Opens, closes and frees what is due, and looks for changes by the operator.
 * Returns when to call it next; KEYTABLE_NEVER with no key chain to keep.
 */
uint64_t mrkm_chains_run(struct mrkm_chains *chains, uint64_t now);

/* At the daemon's end: takes all keys out at once, wipes and frees. */
void mrkm_chains_fini(struct mrkm_chains *chains);

#endif /* MRKM_CHAIN_H */
