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

/* The server, and its members in eight parts. */
#define SIM_SHARDS 9

struct sim;
struct sim_shard;
struct sim_node;
struct sim_group;
struct sim_pool;

/* ------------------------------------------------------------------ memory */

/* What somebody has allocated; see sim_memory.c. */
struct sim_account {
	size_t octets, blocks, peak;
};

/* Before anything else: OpenSSL takes no other allocator once it has begun. */
void sim_memory_init(void);

/* From now on this thread's allocations are this account's; NULL: nobody's.
 * Returns whose they were. */
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
	uint64_t trace_from, trace_to; /* instants to be told about */
	uint32_t threads;	       /* they change nothing but the pace */
};

/* What `members` and the seed leave to be said. */
void sim_config_default(struct sim_config *config, uint32_t members,
			uint64_t seed);

/* ----------------------------------------------------------------- network */

/* A message under way; many receivers share one. */
struct sim_octets {
	struct sim_octets *next; /* sent after it */
	uint64_t at;		 /* of its departure */
	uint64_t number;	 /* by which it was sent */
	uint64_t digest;
	uint32_t len;
	struct gikev2_path path; /* as receivers see it */
	uint8_t octets[];
};

struct sim_datagram {
	uint64_t at;	 /* of its arrival */
	uint64_t number; /* its message's */
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
	struct sim_octets *oldest, *youngest; /* all that may be under way */
	struct sim_octets *spread; /* the first multicast not spread yet */
	uint64_t numbers;
};

/* From a node's engine, to wherever the path leads. */
int sim_network_send(struct sim_node *from, const struct gikev2_path *path,
		     const uint8_t *octets, size_t len);
/* It is on its way; to those who hear a multicast by sim_network_spread(). */
void sim_network_post(struct sim *sim, struct sim_octets *message);
/* Multicasts that were posted, to those of a shard. */
void sim_network_spread(struct sim_shard *shard);
/* The next datagram arrives, now. */
void sim_network_arrive(struct sim_shard *shard);
/* What was sent so long ago that it has arrived everywhere. */
void sim_network_forget(struct sim *sim);
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

/* Message IDs and IVs of what a node sends.  Returns the message's digest. */
uint64_t sim_wire_check(struct sim_node *from, const uint8_t *octets,
			size_t len);
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
	bool accepts, sends; /* now */
};

struct sim_holds {
	uint32_t count;
	bool delivered; /* its engine has just said so */
	struct sim_hold holds[SIM_HOLDS_MAX];
};

/* Of a server's youngest generation, which may come to be sooner. */
struct sim_delays {
	uint64_t number, atd_end, dtd_end;
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
	bool rolled;	   /* its server made keys that are not told yet */
	struct sim_delays told;
};

#define SIM_KEY_BUCKETS 1024

struct sim_keys {
	struct sim_key *buckets[SIM_KEY_BUCKETS];
};

/* sim_holds.c: what one router knows of itself */

/* The server's keys or delays are others than it has told, perhaps. */
void sim_holds_roll(struct sim_group *group);
/* A member's engine says what it holds. */
void sim_holds_deliver(struct sim_node *node, const struct keytable_row *rows,
		       size_t count);
/* What it uses of that now; and what must hold then. */
void sim_holds_look(struct sim_node *node);
/* The next instant at which that changes by itself; GIKEV2_NEVER. */
uint64_t sim_holds_next(const struct sim_node *node);

/* sim_keys.c: what all of them promise; as told in the log, in its order */

/* The server made new keys. */
void sim_keys_note(struct sim_group *group,
		   const struct gikev2_group_status *status);
/* Its delays are other ones now. */
void sim_keys_follow(struct sim_group *group, const struct sim_delays *delays);
/* A member holds other keys, or uses others of them. */
void sim_keys_update(struct sim_node *node, const struct sim_holds *holds);
/* It is no longer one that the promise is about. */
void sim_keys_leave(struct sim_node *node);
/* The key that it was given; NULL: no server made it. */
struct sim_key *sim_keys_find(struct sim *sim, const struct keytable_row *row);
/* The one it sends with; NULL. */
const struct sim_hold *sim_keys_sender(const struct sim_holds *holds,
				       uint8_t protocol);
void sim_keys_free(struct sim *sim);

/* ------------------------------------------------------------------ the log */

/* What routers did, each shard's by itself: sim_log_merge() makes one of it. */
struct sim_log {
	uint8_t *octets;
	size_t used, room, begin;
};

enum sim_record_kind {
	SIM_SENT,   /* struct sim_octets * */
	SIM_HELD,   /* struct sim_holds */
	SIM_ROLLED, /* struct sim_roll, the rows behind it */
	SIM_DELAYS, /* struct sim_delay_note */
	SIM_SAID,   /* text */
	SIM_FAILED, /* text */
};

struct sim_record {
	uint64_t at;
	struct sim_node *node;
	uint32_t size; /* with what follows */
	enum sim_record_kind kind;
	uint8_t octets[];
};

struct sim_roll {
	struct sim_group *group;
	struct gikev2_group_status status;
};

struct sim_delay_note {
	struct sim_group *group;
	struct sim_delays delays;
};

/* Of what its node did just now; room for `size` octets. */
void *sim_log_add(struct sim_node *node, enum sim_record_kind kind,
		  size_t size);
/*
 * What was logged takes effect on what is common to all, and is checked: in the
 * order of time, at one instant of shards.
 */
void sim_log_merge(struct sim *sim);
void sim_log_free(struct sim_log *log);

/* ------------------------------------------------------------------- nodes */

struct sim_node {
	/* what each datagram needs comes first */
	struct sim_shard *shard;
	struct sim *sim;
	struct gikev2 *engine; /* NULL: down */
	struct gikev2_member *member;
	struct sim_group *group; /* as member */
	uint32_t number;	 /* 0: the server */
	int joins;		 /* of the multicast group that still hold */
	uint64_t hears_from, hears_until; /* what is sent to it */
	bool cut;			  /* nothing goes in or out */
	bool spy; /* excluded, listens to multicast and nothing else */
	bool authorized;
	bool standing;
	bool settled;	      /* is in standing, and needs no excuse for it */
	bool sending;	      /* has a key to send with, for each protocol */
	bool late;	      /* missed the time of a generation */
	bool told;	      /* what it holds, in this window of time */
	uint64_t deliveries;  /* of keys, by its engine */
	uint64_t left_at;     /* when it was in standing last */
	uint64_t reach_since; /* it and the server could talk */
	uint64_t draws;	      /* of its engine */
	struct sim_account account;
	struct gikev2_timer timer; /* its engine's, or a window of a key */
	struct gikev2_timer boot;  /* comes back, or rejoins */
	struct gikev2_timer mend;  /* its network comes back */
	uint64_t late_since;
	uint64_t excluded;    /* ordinal of the last keys before that; 0: no */
	uint64_t calls_since; /* a second, and expire calls in it */
	uint32_t calls;
	struct sim_holds live;	/* what it holds */
	struct sim_holds known; /* and what of that has been told */
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

/* What each shard counts by itself. */
struct sim_counts {
	uint64_t events, checks, datagrams, expires, registrations, rekeys;
	uint64_t sent, lost, repeated, cut, delivered;
};

struct sim_results {
	uint64_t incidents[SIM_INCIDENTS];
	uint64_t rolls, late, keyless, spies;
	uint64_t longest_late; /* microseconds */
	uint32_t half_open;    /* most */
	struct sim_account server_floor;
	size_t server_full, server_end;
	uint32_t full_members;
	uint64_t digest; /* of all that was sent and held, and when */
};

/*
 * Routers that one thread runs at a time, with all that they need.  They know
 * nothing of the others but by datagrams.
 */
struct sim_shard {
	struct sim *sim;
	uint64_t now, end;	       /* of its window of time */
	uint64_t unicasts, multicasts; /* chance on the way to its routers */
	bool failed;
	struct gikev2_timers timers;
	struct sim_queue queue;
	struct sim_wire wire;
	struct gikev2_scratch *scratch; /* not the world's */
	struct sim_log log;
	struct sim_counts counts;
};

/* sim_shard.c */
void sim_shard_init(struct sim *sim, size_t number);
void sim_shard_free(struct sim_shard *shard);
/* The next thing that happens in it; GIKEV2_NEVER. */
uint64_t sim_shard_next(const struct sim_shard *shard);
/* All that happens in them before `end`, at the same time. */
void sim_shards_run(struct sim *sim, uint64_t end);

/* sim_pool.c: threads, the caller's is one of them; NULL: no other */
struct sim_pool *sim_pool_new(uint32_t threads);
/* Calls `job` for each, in any order, and returns when all are done. */
void sim_pool_run(struct sim_pool *pool, void (*job)(void *), void **items,
		  uint32_t count);
void sim_pool_free(struct sim_pool *pool);

struct sim {
	struct sim_config config;
	struct sim_weather weather;
	uint64_t now;
	uint64_t lookahead; /* what happens now is not felt elsewhere sooner */
	uint64_t fate;	    /* chance, of incidents */
	bool running;	    /* shards do, and what is common stays as it is */
	struct gikev2_timers timers; /* of what is not one router's business */
	struct gikev2_timer incident, sweep;
	struct gikev2_params params;
	struct sim_shard *shards; /* [0] is the server's */
	struct sim_pool *pool;
	struct sim_node *nodes; /* [0] is the server */
	uint32_t node_count;
	struct sim_group groups[2];
	struct gikev2_key *signer;
	uint64_t life; /* of the server, counted from 1 */
	struct sim_network network;
	struct sim_keys keys;
	struct sim_counts counts; /* all shards', at the end */
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
/* What an operator does who knows that they are gone: none stays where nobody is
 * asked whether it is alive. */
void sim_plan_clear(struct sim *sim);
const char *sim_incident_text(enum sim_incident incident);

/* xorshift64*; below `limit` when that is not 0 */
uint32_t sim_random(uint64_t *stream);
uint64_t sim_below(uint64_t *stream, uint64_t limit);
bool sim_chance(uint64_t *stream, uint32_t per_mille);

/* Not for anything that an enemy chooses. */
static inline uint64_t sim_mix(uint64_t hash, uint64_t value)
{
	hash = (hash ^ value) * UINT64_C(0x9e3779b97f4a7c15);
	return hash ^ hash >> 29;
}

/* Nobody's as long as OpenSSL makes what it keeps: a router does not. */
static inline struct sim_account *sim_account(struct sim_node *node)
{
	return node->sim->warming_up ? NULL : &node->account;
}

/* Of a router in its window of time, or of all. */
static inline uint64_t sim_now(const struct sim *sim,
			       const struct sim_node *node)
{
	return sim->running && node ? node->shard->now : sim->now;
}

/* The first one counts, the others follow from it. */
void sim_fail(struct sim *sim, struct sim_node *node, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* What the log says, on the standard output. */
void sim_say(const struct sim *sim, const struct sim_node *node,
	     const char *text);
void sim_trace(struct sim *sim, struct sim_node *node, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* How many checks there were; a router's are its shard's. */
static inline uint64_t *sim_checks(struct sim *sim, const struct sim_node *node)
{
	return node ? &node->shard->counts.checks : &sim->counts.checks;
}

#define SIM_CHECK(sim, node, condition, ...)                                   \
	do {                                                                   \
		++*sim_checks(sim, node);                                      \
		if (!(condition))                                              \
			sim_fail(sim, node, __VA_ARGS__);                      \
	} while (0)

#endif /* SIM_H */
