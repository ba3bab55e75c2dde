// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the routing daemons want protected, and how the kernel is kept to it.
 * No socket and no clock: zebra_mrkm.so lends both, and tests do.
 *
 * Each routing daemon is one kind of traffic.  It names key chains, their rows,
 * and the interfaces that each of them protects; that an interface is named
 * means that nothing unprotected passes there, whether there is a key or not.
 *
 * Instants are microseconds of CLOCK_MONOTONIC.
 */
#ifndef MRKM_GUARD_H
#define MRKM_GUARD_H

#include "keytable/keytable.h"
#include "modules/mrkm_ipsec.h"
#include "modules/mrkm_kernel.h"
#include "mrkm/mrkm_msg.h"

/*
 * For how long what a daemon wanted stays when it went away without saying
 * so, and what is found in the kernel after zebra's start: time to come back.
 */
#define MRKM_GUARD_PATIENCE (60 * KEYTABLE_SECOND)

/* After the kernel refused something: until it is tried again. */
#define MRKM_GUARD_RETRY (30 * KEYTABLE_SECOND)

/* Neighbours that OSPFv3 talks to one by one. */
#define MRKM_GUARD_PEERS_MAX 1024

struct mrkm_guard_chain {
	struct mrkm_guard_chain *next;
	enum mrkm_traffic traffic;
	char name[MRKM_NAME_MAX + 1];
	uint64_t forget_at; /* KEYTABLE_NEVER while its daemon stands by it */
	uint64_t boot;	    /* of the daemon that last spoke of it, */
	uint32_t session;   /* and in which session */
	size_t row_count, interface_count;
	struct keytable_row rows[KEYTABLE_ROWS_MAX];
	enum mrkm_err results[KEYTABLE_ROWS_MAX]; /* OK: usable */
	struct mrkm_msg_interface interfaces[MRKM_INTERFACES_MAX];
	uint32_t sender;      /* SPI in use, 0: nothing is sent */
	uint32_t told_sender; /* what changed() has been told */
	enum mrkm_err told[KEYTABLE_ROWS_MAX];
};

struct mrkm_guard_peer {
	int ifindex;
	struct mrkm_address address;
	uint32_t acquire; /* the kernel's question, until it is answered */
};

struct mrkm_guard;

struct mrkm_guard_ops {
	/* Results of its rows, or its sender, are others now. */
	void (*changed)(void *arg, const struct mrkm_guard_chain *chain);

	/* The kernel refused an operation that matters.  For the log. */
	void (*refused)(void *arg, const struct mrkm_op *op);

	/*
	 * The number to begin after, where a receiver looks at numbers: never
	 * smaller than one given out before, even by a former zebra.
	 */
	uint32_t (*sequence)(void *arg);
};

struct mrkm_guard {
	const struct mrkm_guard_ops *ops;
	void *arg;
	struct mrkm_kernel kernel;
	struct mrkm_guard_chain *chains;
	struct mrkm_image is;
	struct mrkm_image orphans; /* found at the start, wanted by nobody yet */
	struct mrkm_links links;
	bool doubted;	 /* somebody else has done something */
	bool unknown;	 /* `is` and `links` are not what is in the kernel */
	bool filterless; /* the kernel has no filters, so says its refusal */
	bool started;	 /* has looked for orphans */
	uint64_t keep_until; /* the orphans are, in case somebody comes */
	uint64_t retry_at;
	size_t peer_count, peer_next;
	struct mrkm_guard_peer peers[MRKM_GUARD_PEERS_MAX];
	uint64_t restored; /* times that somebody else had changed what is ours */
};

/* `transport` and `ops` outlive the guard. */
void mrkm_guard_init(struct mrkm_guard *guard, const struct mrkm_guard_ops *ops,
		     const struct mrkm_transport *transport, void *arg,
		     uint64_t now);

/* Wipes and frees.  What is in the kernel stays, for zebra's next life. */
void mrkm_guard_fini(struct mrkm_guard *guard);

/* Who says something: a daemon, in a session with it. */
struct mrkm_guard_speaker {
	enum mrkm_traffic traffic;
	uint64_t boot;
	uint32_t session;
};

/*
 * The rows of a key chain are these; the interfaces that it protects are
 * these.  What becomes of them is known after mrkm_guard_run().  0, -MRKM_ERR_NO_MEMORY, or -MRKM_ERR_LIMIT.
 */
int mrkm_guard_keys(struct mrkm_guard *guard,
		    const struct mrkm_guard_speaker *speaker, const char *name,
		    const struct keytable_row *rows, size_t count,
		    uint64_t now);
int mrkm_guard_interfaces(struct mrkm_guard *guard,
			  const struct mrkm_guard_speaker *speaker,
			  const char *name,
			  const struct mrkm_msg_interface *interfaces,
			  size_t count);

/* What has become of `count` rows of a key chain. */
void mrkm_guard_results(const struct mrkm_guard *guard,
			const struct mrkm_guard_speaker *speaker,
			const char *name, enum mrkm_err *results, size_t count);

/* The key chain is not wanted any more. */
void mrkm_guard_withdraw(struct mrkm_guard *guard,
			 const struct mrkm_guard_speaker *speaker,
			 const char *name);

/* All was said: what the speaker did not repeat goes, or waits its time. */
void mrkm_guard_synced(struct mrkm_guard *guard,
		       const struct mrkm_guard_speaker *speaker, uint64_t now);

/* The daemon has gone. */
void mrkm_guard_gone(struct mrkm_guard *guard, enum mrkm_traffic traffic,
		     uint64_t now);

/* The kernel's state may be another than we know. */
void mrkm_guard_doubt(struct mrkm_guard *guard);

/* The kernel asks for an SA. */
void mrkm_guard_acquire(struct mrkm_guard *guard,
			const struct mrkm_acquire *acquire);

/*
 * Brings the kernel to what is wanted at this instant.  Returns when to call it
 * next; KEYTABLE_NEVER: when something happens.
 */
uint64_t mrkm_guard_run(struct mrkm_guard *guard, uint64_t now);

/*
 * How an interface fares under a key chain: MRKM_ERR_OK (it is protected and
 * can send), MRKM_ERR_NO_INTERFACE, MRKM_ERR_NO_KEY, or what its newest key
 * fails for.
 */
enum mrkm_err mrkm_guard_state(const struct mrkm_guard *guard,
			       const struct mrkm_guard_chain *chain,
			       const char *interface);

/* ------------------------------------------------------- mrkm_guard_want.c */

/*
 * What should be in the kernel now.  Marks rows whose SPI another row has.
 * `deadline` is lowered to the next instant at which it will be something
 * else.  0, or -ENOMEM.
 */
int mrkm_guard_want(struct mrkm_guard *guard, uint64_t now,
		    struct mrkm_image *want, uint64_t *deadline);

#endif /* MRKM_GUARD_H */
