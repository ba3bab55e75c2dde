// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * mrkmd: what the daemon holds.
 *
 * The configuration lives in the northbound's tree alone.  After each commit
 * mrkm_config_apply() makes everything below follow it.
 */
#ifndef MRKM_H
#define MRKM_H

#include <zebra.h>

#include "frrevent.h"
#include "memory.h"
#include "privs.h"
#include "sockunion.h"
#include "typesafe.h"

#include "gikev2/gikev2.h"
#include "keytable/keytable.h"
#include "mrkmd/mrkm_config.h"
#include "mrkmd/mrkm_exclusion.h"
#include "mrkmd/mrkm_signer.h"

#define MRKM_VTY_PORT 2624

/* Octets of a sentence about what is wrong. */
#define MRKM_PROBLEM_SIZE 1024

DECLARE_MGROUP(MRKMD);

PREDECL_RBTREE_UNIQ(mrkm_groups);
PREDECL_RBTREE_UNIQ(mrkm_ks_groups);
PREDECL_RBTREE_UNIQ(mrkm_ks_members);

/* A group that this router is a member of. */
struct mrkm_group {
	struct mrkm_groups_item item;
	struct mrkm_group_config config;
	struct gikev2_member *member; /* NULL: memory was short */
	uint32_t realm;		      /* the same credentials, the same realm */
	bool has_keys;		      /* the key channel was given some */
	bool configured;	      /* by the commit being applied */
	/* more about status.last_error; empty: nothing */
	char detail[GIKEV2_PROBLEM_MAX];
};

/* A router that may join a group of ours. */
struct mrkm_ks_member {
	struct mrkm_ks_members_item item;
	struct gikev2_id identity;
	bool pattern;		      /* ... is one (mrkm_pattern.h) */
	bool receiver_only;	      /* gets nothing to send with */
	char *psk_file;		      /* NULL: none */
	bool certificate;	      /* is taken, too */
	char *trust_anchor;	      /* that it must lead to; NULL: any */
	struct mrkm_ppk_config *ppks; /* NULL: those of the group */
	size_t ppk_count;
};

/* A group that this router is the key server of. */
struct mrkm_ks_group {
	struct mrkm_ks_groups_item item;
	struct mrkm_ks_group_config config;
	struct mrkm_ks_group_config before; /* the last words go its way */
	struct gikev2_group *group; /* NULL: not served, nothing to serve */
	int error;		    /* negated reason for that */
	struct mrkm_ks_members_head members;
	struct mrkm_exclusions_head exclusions; /* of who could join */
	struct event *t_late; /* who has not acknowledged the last roll? */
	struct mrkm_signer signer;
	bool configured; /* as above */
};

/* Datagrams that never reached the engine. */
#define MRKM_IO_DROPS(X)                                                       \
	X(TRUNCATED, "truncated", "datagram longer than any message")          \
	X(NO_LOCAL, "no-local-address", "no local address told by the kernel") \
	X(NOT_LISTENING, "not-listening",                                      \
	  "registration at an address without \"listen\"")                     \
	X(NO_STATE, "no-state",                                                \
	  "to a key server whose state file does not work")

enum mrkm_io_drop {
#define X(name, json, text) MRKM_IO_DROP_##name,
	MRKM_IO_DROPS(X)
#undef X
	MRKM_IO_DROP_MAX
};

/*
 * One for each address family, the same again for the NAT-T port, and before
 * these four as many for strangers (mrkm_strangers.h).
 */
#define MRKM_SOCKETS 8
/* Datagrams that are taken by one system call, at most. */
#define MRKM_READS 8

struct mrkm_socket {
	int fd; /* -1: closed */
	int family;
	bool natt;
	bool strangers;
	uint16_t port;
	uint64_t cost; /* microseconds that a datagram took of late */
	struct event *t_read;
};

struct mrkm_io {
	struct mrkm_socket sockets[MRKM_SOCKETS];
	bool open;
	uint16_t port, nat_port; /* that they are bound to; 0: none */
	int error;		 /* errno that keeps them from it */
	uint16_t error_port;
	struct event *t_retry;
	uint64_t drops[MRKM_IO_DROP_MAX];
	uint8_t buf[MRKM_READS][65536];
};

struct mrkm {
	struct event_loop *loop;
	struct gikev2 *engine;
	struct event *t_engine;
	uint64_t engine_at; /* when that comes */
	struct mrkm_base_config base;
	struct mrkm_groups_head groups;
	struct mrkm_ks_groups_head ks_groups;
	struct mrkm_io io;
};

extern struct mrkm mrkm;
extern struct zebra_privs_t mrkm_privs;

int mrkm_group_cmp(const struct mrkm_group *a, const struct mrkm_group *b);
int mrkm_ks_group_cmp(const struct mrkm_ks_group *a,
		      const struct mrkm_ks_group *b);
int mrkm_ks_member_cmp(const struct mrkm_ks_member *a,
		       const struct mrkm_ks_member *b);

DECLARE_RBTREE_UNIQ(mrkm_groups, struct mrkm_group, item, mrkm_group_cmp);
DECLARE_RBTREE_UNIQ(mrkm_ks_groups, struct mrkm_ks_group, item,
		    mrkm_ks_group_cmp);
DECLARE_RBTREE_UNIQ(mrkm_ks_members, struct mrkm_ks_member, item,
		    mrkm_ks_member_cmp);

/* ------------------------------------------------------------ mrkm_engine.c */

void mrkm_engine_init(void);
void mrkm_engine_fini(void);

/* Microseconds of CLOCK_MONOTONIC, as the engine and the channel count. */
uint64_t mrkm_now(void);

/* Whole seconds since an instant, 0 when it never was. */
uint64_t mrkm_seconds_since(uint64_t instant);

/* Seconds until an instant, rounded up; 0 when it has passed. */
uint64_t mrkm_seconds_until(uint64_t instant);

/* To be called after each call that may have moved the engine's deadline. */
void mrkm_engine_reschedule(void);

/* ------------------------------------------------------------- mrkm_group.c */

struct mrkm_group *mrkm_group_find(const char *name);

/* Creates the group, or makes it follow its new configuration. */
void mrkm_group_apply(const struct mrkm_group_config *config);

/* Leaves the group: the keys are withdrawn from the daemons. */
void mrkm_group_del(struct mrkm_group *group);

/* Frees it and leaves its keys with the daemons: mrkmd ends. */
void mrkm_group_free(struct mrkm_group *group);

/*
 * Registers anew in all groups, or in those where that has not worked yet,
 * without waiting for the next try.
 */
void mrkm_group_reregister(bool all);

/* The engine's member goes on with what was kept, or keeps what it has. */
void mrkm_group_restore(struct mrkm_group *group);

/* What the daemons can do has changed. */
void mrkm_group_offers_changed(void);

/* The engine's callbacks of a member. */
void mrkm_group_keys(struct mrkm_group *group, const struct keytable_row *rows,
		     size_t count);
int mrkm_group_psk(struct mrkm_group *group, const struct gikev2_id *server,
		   struct gikev2_secret *secret);
void mrkm_group_auth_policy(struct mrkm_group *group,
			    const struct gikev2_id *server,
			    struct gikev2_auth_policy *policy);
int mrkm_group_ppk(struct mrkm_group *group, struct gikev2_ppk *ppk);
void mrkm_group_event(struct mrkm_group *group,
		      const struct gikev2_event *event);

/*
 * What keeps the group from working, and what to do, as a sentence.  False,
 * and an empty text, when nothing does.
 */
bool mrkm_group_problem(const struct mrkm_group *group, char *buf, size_t size);

/* ------------------------------------------------------------ mrkm_server.c */

struct mrkm_ks_group *mrkm_ks_group_find(const char *name);

/*
 * Creates the group, or makes it follow its new configuration.  Its members
 * are those of `members`, which are taken over.
 */
void mrkm_ks_group_apply(const struct mrkm_ks_group_config *config,
			 struct mrkm_ks_members_head *members);

/* Ends the group: its members are told. */
void mrkm_ks_group_del(struct mrkm_ks_group *group);

/* Frees it without a word to the members: mrkmd ends. */
void mrkm_ks_group_free(struct mrkm_ks_group *group);

/* Serves none of them from now on, without a word to the members; and goes on
 * from what was kept. */
void mrkm_ks_groups_drop(void);
void mrkm_ks_groups_resume(void);

/* --------------------------------------------------------- mrkm_ks_member.c */

/*
 * The entry that decides about a router: its own, else the most exact pattern
 * that its identity matches.  NULL: it may not join.
 */
const struct mrkm_ks_member *
mrkm_ks_members_decide(const struct mrkm_ks_members_head *members,
		       const struct gikev2_id *identity);
const struct mrkm_ks_member *
mrkm_ks_member_find(const struct mrkm_ks_group *group,
		    const struct gikev2_id *identity);
struct mrkm_ks_member *
mrkm_ks_member_new(const struct mrkm_ks_member_config *config);
void mrkm_ks_member_free(struct mrkm_ks_member *member);
void mrkm_ks_members_free(struct mrkm_ks_members_head *members);

/* The engine's callbacks of a key server; no group: one that is unknown. */
int mrkm_ks_psk(struct mrkm_ks_group *group, const struct gikev2_id *peer,
		struct gikev2_secret *secret);
void mrkm_ks_auth_policy(struct mrkm_ks_group *group,
			 const struct gikev2_id *peer,
			 struct gikev2_auth_policy *policy);
int mrkm_ks_ppk(struct mrkm_ks_group *group, const struct gikev2_id *peer,
		struct gikev2_ppk *ppk);
bool mrkm_ks_registered(const struct mrkm_ks_group *group,
			const struct gikev2_id *identity);
/* gikev2_group_has_certificate() */
bool mrkm_ks_registered_by(const struct mrkm_ks_group *group,
			   const struct gikev2_id *identity, const uint8_t *der,
			   size_t len);
/*
 * Where no member-limit is configured: with so many members, no others are
 * admitted by patterns with a pre-shared key; 0: there are none.
 */
#define MRKM_MEMBER_LIMIT_DEFAULT 1000
uint32_t mrkm_ks_default_limit(const struct mrkm_ks_group *group);
/* ... one more: 0, GIKEV2_RECEIVER_ONLY, or a reason. */
int mrkm_ks_authorize(struct mrkm_ks_group *group,
		      const struct gikev2_id *peer);

/* The first member whose credentials are of no use. */
bool mrkm_ks_members_problem(const struct mrkm_ks_group *group, char *buf,
			     size_t size);

/* ------------------------------------------------------------ mrkm_server.c */

/* The keys of the group were replaced. */
void mrkm_ks_rolled(struct mrkm_ks_group *group);

/* The certificate that a member is registered by has expired: its registration
 * ends, and it may come with another. */
void mrkm_ks_expired(struct mrkm_ks_group *group,
		     const struct gikev2_id *identity);

/* As mrkm_group_problem(). */
bool mrkm_ks_group_problem(const struct mrkm_ks_group *group, char *buf,
			   size_t size);

/* True when members may register at that address. */
bool mrkm_server_listens(const struct gikev2_endpoint *local);

/* ---------------------------------------------------------------- mrkm_io.c */

void mrkm_io_init(void);
void mrkm_io_fini(void);

/* Opens or closes the sockets as the configuration wants. */
void mrkm_io_apply(void);

/* Sends one datagram: the engine's output.  0, or -GIKEV2_ERR_OUTPUT. */
int mrkm_io_send(const struct gikev2_path *path, const uint8_t *octets,
		 size_t len);

/*
 * The address and port that a datagram to `remote` would leave from.  0, or
 * -GIKEV2_ERR_OUTPUT when there is no way to it.
 */
int mrkm_io_source(const struct gikev2_endpoint *remote,
		   struct gikev2_endpoint *local);

/* An endpoint as the kernel has it; the length of that. */
socklen_t mrkm_io_to_sockaddr(const struct gikev2_endpoint *endpoint,
			      union sockunion *su);
/* Of family AF_INET or AF_INET6. */
void mrkm_io_from_sockaddr(const struct sockaddr *sa,
			   struct gikev2_endpoint *endpoint);

const char *mrkm_io_drop_name(enum mrkm_io_drop drop);
const char *mrkm_io_drop_text(enum mrkm_io_drop drop);

/* As mrkm_group_problem(). */
bool mrkm_io_problem(char *buf, size_t size);

#endif /* MRKM_H */
