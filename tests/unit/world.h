// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A small world for tests: engines, a network between them, and virtual time.
 * Everything in it follows from the seed.
 */
#ifndef WORLD_H
#define WORLD_H

#include "gikev2/gikev2_int.h"

#define WORLD_NODES_MAX 8
#define WORLD_MS UINT64_C(1000)

struct world;

/* A record that an engine saved. */
struct world_record {
	struct world_record *next;
	enum gikev2_record_kind kind;
	size_t key_len, value_len;
	uint8_t key[GIKEV2_RECORD_KEY_MAX];
	uint8_t value[];
};

/* What a router remembers of what its engine told it. */
struct world_node {
	struct world *world;
	struct gikev2 *engine;
	struct gikev2_callbacks callbacks;
	struct gikev2_endpoint address;
	struct gikev2_id identity;
	bool up;		/* datagrams reach it */
	char psk[32];		/* as member */
	struct gikev2_ppk ppk;	/* as member; len 0: none */
	unsigned int ppk_asked; /* times that it was looked for */
	struct gikev2_member *member;
	struct gikev2_group *group;
	struct gikev2_group_config group_config;
	struct gikev2_member_config member_config;
	struct keytable_row rows[KEYTABLE_ROWS_MAX];
	size_t row_count;
	unsigned int deliveries;
	int joined; /* times it joined the multicast group */
	unsigned int events[GIKEV2_EVENT_MAX];
	int event_err[GIKEV2_EVENT_MAX];		   /* of the last one */
	char detail[GIKEV2_EVENT_MAX][GIKEV2_PROBLEM_MAX]; /* likewise */
	struct { /* as server: who shares which key */
		struct gikev2_id id;
		char psk[32];
		bool authorized, receiver;
		unsigned int proven; /* times it proved its identity */
		size_t certs;	     /* by so many certificates */
		uint8_t way;	     /* when it last asked for the group */
		bool ppk_used;	     /* likewise */
		struct gikev2_ppk ppk;
	} peers[WORLD_NODES_MAX];
	size_t peer_count;
	bool remembers; /* from the next boot on: saves its state */
	struct world_record *records;
	unsigned int saves;
	int load_err;  /* what loading says, when it is not 0 */
	int64_t shift; /* of its clock since the records were written */
};

struct world_datagram {
	uint64_t due, order;
	struct gikev2_path path; /* as the sender sees it */
	struct world_node *to;
	size_t len;
	uint8_t octets[2048];
};

#define WORLD_QUEUE_MAX 512

struct world {
	uint64_t now, seed, sent;
	struct world_node nodes[WORLD_NODES_MAX];
	size_t node_count;
	/* the network: per cent, and microseconds on top of one millisecond */
	unsigned int loss, duplication;
	uint64_t jitter;
	struct world_datagram queue[WORLD_QUEUE_MAX];
	size_t queued;
	/* sees each datagram as it is sent; false loses it */
	bool (*wire)(struct world *world, struct world_datagram *datagram);
	/* sees what a node draws */
	void (*drawn)(struct world_node *node, const uint8_t *octets,
		      size_t len);
	/* how nodes prove who they are; NULL: by pre-shared keys.  To be set
	 * before there are nodes. */
	void (*auth_policy)(struct world_node *node, enum gikev2_role role,
			    const struct gikev2_id *peer,
			    struct gikev2_auth_policy *policy);
	/* runs after each step */
	void (*invariant)(struct world *world);
	struct gikev2_params params;
	void *user;
};

struct world *world_new(uint64_t seed);
void world_free(struct world *world);

uint32_t world_random(struct world *world);

/* A router named NAME (FQDN) at 10.0.0.(index + 1). */
struct world_node *world_add(struct world *world, const char *name);

/* Starts, or starts again with no memory of what was. */
void world_boot(struct world_node *node);
void world_crash(struct world_node *node);

/* Crashes, boots and goes on serving from what it saved; 0 or the reason. */
int world_resume(struct world_node *server);
/* A member crashes, boots and joins again with the keys that it saved; 0 or
 * the reason why it has none. */
int world_return(struct world_node *member);
/* Loses what it saved. */
void world_forget(struct world_node *node);
/* The number of records of that kind. */
size_t world_records(const struct world_node *node,
		     enum gikev2_record_kind kind);

/* The server shares `psk` with `member`, which uses `used`. */
void world_acquaint(struct world_node *server, struct world_node *member,
		    const char *psk, const char *used);

/* Serves group "CORE" with OSPFv2 keys. */
void world_serve(struct world_node *server, uint16_t algorithm,
		 uint32_t lifetime, uint16_t atd, uint16_t dtd);

/* Serves what server->group_config says, but for the group's name. */
void world_serve_config(struct world_node *server);

/* Joins it; `algorithms` are what the router can do. */
void world_join(struct world_node *member, const struct world_node *server,
		uint32_t algorithms);

/* Joins it with the offers of member->member_config. */
void world_join_config(struct world_node *member,
		       const struct world_node *server);

#define WORLD_ALL_ALGORITHMS 0x3e

/* One datagram or one deadline; false: nothing happens before `until`. */
bool world_step(struct world *world, uint64_t until);
void world_run(struct world *world, uint64_t duration);

enum gikev2_member_state world_state(const struct world_node *node);

/* The row the node sends with now; NULL. */
const struct keytable_row *world_sender(const struct world_node *node);
bool world_accepts(const struct world_node *node,
		   const struct keytable_row *row);

#endif /* WORLD_H */
