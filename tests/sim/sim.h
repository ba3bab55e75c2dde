// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A deterministic simulator: a key server and any number of members in virtual
 * time, over a network that loses, delays, repeats, reorders and falls apart,
 * with routers that crash.  Everything in it follows from the seed.
 *
 * doc/developer/simulation.rst says what is simulated, and what must hold.
 */
#ifndef SIM_H
#define SIM_H

#include "gikev2/gikev2_int.h"
#include "gikev2/gikev2_sign.h"

#define SIM_MS UINT64_C(1000)
#define SIM_HOUR (3600 * GIKEV2_SECOND)
#define SIM_START (1000 * GIKEV2_SECOND)

struct sim;
struct sim_node;
struct sim_group;

/* ------------------------------------------------------------------ memory */

/* What somebody has allocated; see sim_memory.c. */
struct sim_account {
	size_t octets, blocks, peak;
};

/* Before anything else: OpenSSL takes no other allocator once it has begun. */
void sim_memory_init(void);

/* From now on allocations are this account's; NULL: nobody's.  Returns whose
 * they were. */
struct sim_account *sim_memory_of(struct sim_account *account);

/* -------------------------------------------------------------- parameters */

/* How bad the world is.  Per mille of datagrams, microseconds, seconds. */
struct sim_weather {
	const char *name;
	uint32_t loss, duplication;
	uint64_t delay, jitter;
	uint64_t incident_gap; /* seconds between two incidents, about */
	uint32_t crowd;	       /* per mille of the members hit by one */
};

enum sim_weather_kind {
	SIM_CALM,
	SIM_ROUGH,
	SIM_STORM,
	SIM_WEATHERS,
};

struct sim_config {
	uint64_t seed;
	uint32_t members;
	uint32_t inband;   /* per cent of them; the others by multicast */
	uint64_t duration; /* virtual microseconds */
	uint32_t liveness; /* seconds of silence before a liveness check */
	uint32_t lifetime; /* of the groups' keys, seconds */
	uint16_t atd, dtd; /* seconds */
	uint16_t wait;	   /* of rolls, for members by inband; seconds */
	bool sign;	   /* GSA_REKEY by Ed25519; or Implicit */
	enum sim_weather_kind weather;
	uint64_t trace_from, trace_to; /* events to be told about */
};

/* What `members` and the seed leave to be said. */
void sim_config_default(struct sim_config *config, uint32_t members,
			uint64_t seed);

/* ----------------------------------------------------------------- network */

/* A message under way; many receivers share one. */
struct sim_octets {
	uint32_t refs;
	uint32_t len;
	struct gikev2_path path; /* as receivers see it */
	uint8_t octets[];
};

struct sim_datagram {
	uint64_t at;	 /* of its arrival */
	uint64_t number; /* by which it was sent; set by the queue */
	struct sim_node *to;
	struct sim_octets *message;
};

#define SIM_SLOTS 4096

/* Those that arrive in one half of a millisecond. */
struct sim_slot {
	struct sim_datagram *datagrams;
	size_t begin, end, room;
	bool sorted;
};

struct sim_queue {
	struct sim_slot slots[SIM_SLOTS];
	uint64_t busy[SIM_SLOTS / 64]; /* which are not empty */
	uint64_t next;		       /* arrival, when there is one */
	uint64_t numbers;
	size_t count;
};

/* sim_queue.c; a datagram is under way for two seconds at the most. */
void sim_queue_put(struct sim_queue *queue, uint64_t now,
		   const struct sim_datagram *datagram);
/* GIKEV2_NEVER: there is none. */
uint64_t sim_queue_next(const struct sim_queue *queue);
/* The next one; there is one. */
struct sim_datagram sim_queue_take(struct sim_queue *queue);
/* One that comes so many places later, perhaps; NULL. */
const struct sim_datagram *sim_queue_peek(const struct sim_queue *queue,
					  size_t ahead);
void sim_queue_free(struct sim_queue *queue);

struct sim_network {
	struct sim_queue queue;
	uint64_t random;
	uint64_t sent, lost, repeated, cut, delivered;
};

/* From a node's engine, to wherever the path leads. */
int sim_network_send(struct sim_node *from, const struct gikev2_path *path,
		     const uint8_t *octets, size_t len);
/* The next datagram arrives, now. */
void sim_network_arrive(struct sim *sim);
void sim_network_free(struct sim *sim);

/* -------------------------------------------------- messages, seen from out */

/* What one end of an SA has sent so far, of one kind. */
struct sim_stream {
	uint64_t name; /* of SA, direction, kind; 0: nobody's */
	uint64_t last; /* digest of the last message, or */
	uint64_t iv;   /* the highest one so far */
	uint32_t id;   /* of the last message */
	bool any;
};

struct sim_wire {
	struct sim_stream *streams;
	size_t room, used;
};

/* Message IDs and IVs of what a node sends. */
void sim_wire_check(struct sim_node *from, const uint8_t *octets, size_t len);
void sim_wire_free(struct sim_wire *wire);

/* -------------------------------------------------------------------- keys */

#define SIM_HOLDS_MAX 16

/* A generation of a group's keys, as one server made it. */
struct sim_generation {
	struct sim_generation *next; /* the one before */
	struct sim_group *group;
	uint64_t ordinal;      /* from 1, through all lives of the server */
	uint64_t number, life; /* as the server counts; which life of its */
	uint64_t made, atd_end, dtd_end;
	uint64_t fresh_end; /* a message that arrives later was too slow */
	bool due_over;	    /* ATD is past: who has it not is late */
	bool waits;	    /* until all have acknowledged it, or are late */
	struct gikev2_timer timer;
};

struct sim_key {
	struct sim_key *next; /* in its bucket */
	struct sim_generation *generation;
	uint8_t protocol;
	uint32_t id;
	uint16_t key_len;
	uint8_t key[KEYTABLE_KEY_MAX];
	uint32_t senders, acceptors; /* now, members in standing */
	bool active;		     /* is in its group's list */
};

/* A key that a member holds, and when it uses it. */
struct sim_hold {
	struct sim_key *key;
	uint64_t accept_start, accept_end, send_start, send_end;
	bool accepts, sends; /* as counted now */
};

#define SIM_ACTIVE_MAX 64

struct sim_group {
	struct sim *sim;
	const char *name;
	bool multicast;
	struct gikev2_group_config config;
	struct gikev2_group *group; /* NULL while the server is down */
	struct sim_generation *youngest;
	struct sim_key *active[SIM_ACTIVE_MAX]; /* held by somebody in standing */
	size_t active_count;
	uint32_t standing; /* members that the promise is about */
	bool rolled;	   /* its server made keys that are not noted yet */
};

#define SIM_KEY_BUCKETS 1024

struct sim_keys {
	struct sim_key *buckets[SIM_KEY_BUCKETS];
};

/* The server's keys changed, or may have. */
void sim_keys_note(struct sim_group *group);
/* Its delays may be other ones now. */
void sim_keys_follow(struct sim_group *group);
/* A member's engine says what it holds. */
void sim_keys_deliver(struct sim_node *node, const struct keytable_row *rows,
		      size_t count);
/* What it uses of that now; and what must hold then. */
void sim_keys_update(struct sim_node *node);
/* The next instant at which that changes by itself; GIKEV2_NEVER. */
uint64_t sim_keys_next(const struct sim_node *node);
/* It is no longer one that the promise is about. */
void sim_keys_leave(struct sim_node *node);
/* Has a key to send with, for each protocol. */
bool sim_keys_can_send(const struct sim_node *node);
void sim_keys_free(struct sim *sim);

/* ------------------------------------------------------------------- nodes */

struct sim_node {
	/* what each datagram needs comes first */
	struct sim *sim;
	struct gikev2 *engine; /* NULL: down */
	struct gikev2_member *member;
	struct sim_group *group; /* as member */
	uint32_t number;	 /* 0: the server */
	int joins;		 /* of the multicast group that still hold */
	bool cut;		 /* nothing goes in or out */
	bool spy; /* excluded, listens to multicast and nothing else */
	bool authorized;
	bool standing;
	bool late;	     /* missed the time of a generation */
	uint64_t deliveries; /* of keys, by its engine */
	struct sim_account account;
	struct gikev2_timer timer; /* its engine's, or a window of a key */
	struct gikev2_timer boot;  /* comes back, or rejoins */
	struct gikev2_timer mend;  /* its network comes back */
	uint64_t left_at;	   /* when it was in standing last */
	uint64_t late_since;
	uint64_t excluded;    /* ordinal of the last keys before that; 0: no */
	uint64_t reach_since; /* it and the server could talk */
	uint64_t calls_since; /* a second, and expire calls in it */
	uint32_t calls;
	size_t hold_count;
	struct sim_hold holds[SIM_HOLDS_MAX];
	struct gikev2_endpoint address;
	struct gikev2_id identity;
};

void sim_node_init(struct sim *sim, uint32_t number);
/* Starts it with no memory of what was. */
void sim_node_boot(struct sim_node *node);
/* It is gone from one moment to the next. */
void sim_node_crash(struct sim_node *node);
/* Ends its membership as an operator does. */
void sim_node_leave(struct sim_node *node);
void sim_node_input(struct sim_node *node, const struct sim_octets *message);
/* After each call of its engine. */
void sim_node_called(struct sim_node *node);
/* The member and its server can talk from now on, if they could not. */
void sim_node_reachable(struct sim_node *node);
bool sim_node_is_reachable(const struct sim_node *node);

/* ---------------------------------------------------------------- the world */

enum sim_incident {
	SIM_MEMBERS_CRASH,
	SIM_MEMBERS_CUT,
	SIM_ALL_CUT,
	SIM_SERVER_CRASH,
	SIM_EXCLUSION,
	SIM_ROLL,
	SIM_CLEAR,
	SIM_REREGISTER,
	SIM_LEAVE,
	SIM_INCIDENTS,
};

struct sim_results {
	uint64_t events, datagrams, expires, checks;
	uint64_t incidents[SIM_INCIDENTS];
	uint64_t registrations, rekeys, rolls, late, keyless, spies;
	uint64_t longest_late; /* microseconds */
	uint32_t half_open;    /* most */
	struct sim_account server_floor;
	size_t server_full, server_end;
	uint32_t full_members;
};

struct sim {
	struct sim_config config;
	struct sim_weather weather;
	uint64_t now, event;
	/* three streams of chance, so that none moves another: of incidents, of
	 * engines, and network.random */
	uint64_t fate, draws;
	struct gikev2_timers timers;
	struct gikev2_timer incident, sweep;
	struct gikev2_params params;
	struct gikev2_scratch *scratch; /* of all engines; not the world's */
	struct sim_node *nodes;		/* [0] is the server */
	uint32_t node_count;
	struct sim_group groups[2];
	struct gikev2_key *signer;
	uint64_t life; /* of the server, counted from 1 */
	struct sim_network network;
	struct sim_wire wire;
	struct sim_keys keys;
	struct sim_results results;
	bool warming_up; /* OpenSSL makes things that it keeps */
	bool ending;	 /* everybody leaves */
	bool failed;
	char failure[512];

	/* for tests of the simulator itself: what a member's keys are said to
	 * be, and something that goes wrong now and then */
	void (*lie)(struct sim_node *node, struct keytable_row *rows,
		    size_t *count);
	void (*meddle)(struct sim *sim);
	struct gikev2_timer circle;
};

struct sim *sim_new(const struct sim_config *config);
/* Until the end or the first failure; true: everything held. */
bool sim_run(struct sim *sim);
void sim_free(struct sim *sim);

/* sim_plan.c: what happens to it all */
void sim_plan_start(struct sim *sim);
void sim_plan_end(struct sim *sim);
const char *sim_incident_text(enum sim_incident incident);

/* xorshift64*; below `limit` when that is not 0 */
uint32_t sim_random(uint64_t *stream);
uint64_t sim_below(uint64_t *stream, uint64_t limit);
bool sim_chance(uint64_t *stream, uint32_t per_mille);

/* Nobody's as long as OpenSSL makes what it keeps: a router does not. */
static inline struct sim_account *sim_account(struct sim_node *node)
{
	return node->sim->warming_up ? NULL : &node->account;
}

/* The first one counts, the others follow from it. */
void sim_fail(struct sim *sim, const struct sim_node *node, const char *format,
	      ...) __attribute__((format(printf, 3, 4)));
void sim_trace(struct sim *sim, const struct sim_node *node, const char *format,
	       ...) __attribute__((format(printf, 3, 4)));

#define SIM_CHECK(sim, node, condition, ...)                                   \
	do {                                                                   \
		(sim)->results.checks++;                                       \
		if (!(condition))                                              \
			sim_fail(sim, node, __VA_ARGS__);                      \
	} while (0)

#endif /* SIM_H */
