// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Both ends of the key channel in memory, with a zebra between them that can
 * lose messages, go away, and mix up what it tells of receivers.
 */
#ifndef TEST_CHANNEL_UTIL_H
#define TEST_CHANNEL_UTIL_H

#include <stdlib.h>

#include "mrkm/mrkm_receiver.h"
#include "mrkm/mrkm_sender.h"
#include "test_util.h"

#define SECOND KEYTABLE_SECOND
#define OSPFV2 201
#define RECEIVERS 3
#define QUEUE_MAX 64
#define SETS_MAX 8

/* ---------------------------------------------------------------- receivers */

/* What an applier has been told of one (group, protocol). */
struct held {
	bool used;
	char group[MRKM_NAME_MAX + 1], key_chain[MRKM_NAME_MAX + 1];
	uint64_t boot;
	uint32_t session;
	size_t count;
	struct keytable_row rows[KEYTABLE_ROWS_MAX];
};

struct daemon {
	struct mrkm_peer peer;
	struct mrkm_receiver end;
	struct held held[SETS_MAX];
	bool present; /* connected to zebra */
	int bind_err, keys_err;
	enum mrkm_err verdict;
	struct mrkm_wrap_key *wrap_file; /* NULL: it is not there */
};

static struct daemon daemons[RECEIVERS];

/* -------------------------------------------------------------------- zebra */

struct packet {
	bool to_mrkmd;
	bool to_all;
	struct mrkm_peer peer; /* the receiver it is from or for */
	size_t len;
	uint8_t octets[MRKM_MSG_MAX];
};

static struct packet queue[QUEUE_MAX];
static size_t queued;
static unsigned int sent_by_mrkmd, lose_next;

static inline void enqueue(bool to_mrkmd, const struct mrkm_peer *peer,
			   const uint8_t *octets, size_t len)
{
	struct packet *packet = &queue[queued];

	if (lose_next) {
		lose_next--;
		return;
	}
	assert_true(queued < QUEUE_MAX);
	queued++;
	memset(packet, 0, sizeof(*packet));
	packet->to_mrkmd = to_mrkmd;
	packet->to_all = !peer;
	if (peer)
		packet->peer = *peer;
	packet->len = len;
	memcpy(packet->octets, octets, len);
}

/* -------------------------------------------------------------------- mrkmd */

static struct mrkm_sender *sender;
static struct mrkm_wrap_key wrap_key;
static uint64_t now;
static unsigned int capability_calls;
static uint32_t capability_last;
static unsigned int result_calls, missing_calls;
static struct mrkm_key_status last_result;
static char last_group[MRKM_NAME_MAX + 1];

static inline int mrkmd_send(void *arg, const struct mrkm_peer *to,
			     const uint8_t *octets, size_t len)
{
	(void)arg;
	sent_by_mrkmd++;
	enqueue(false, to, octets, len);
	return 0;
}

static inline void mrkmd_capability(void *arg, uint8_t protocol,
				    uint32_t algorithms)
{
	(void)arg;
	assert_int_equal(protocol, OSPFV2);
	capability_calls++;
	capability_last = algorithms;
}

static inline void mrkmd_result(void *arg, const struct mrkm_key_status *status)
{
	(void)arg;
	result_calls++;
	last_result = *status;
	strcpy(last_group, status->group);
}

static inline void mrkmd_wrap_key_missing(void *arg,
					  const struct mrkm_wrap_key *key)
{
	(void)arg;
	assert_memory_equal(key, &wrap_key, sizeof(*key));
	missing_calls++;
}

static const struct mrkm_sender_callbacks sender_callbacks = {
	.send = mrkmd_send,
	.capability = mrkmd_capability,
	.result = mrkmd_result,
	.wrap_key_missing = mrkmd_wrap_key_missing,
};

/* A new process: another boot number, another wrap key. */
static inline void mrkmd_starts(void)
{
	mrkm_sender_free(sender);
	assert_int_equal(mrkm_wrap_key_draw(&wrap_key), 0);
	sender = mrkm_sender_new(&sender_callbacks, NULL, &wrap_key);
	assert_non_null(sender);
	mrkm_sender_connected(sender);
}

/* ------------------------------------------------------ the receivers' side */

static inline int daemon_send(void *arg, const uint8_t *octets, size_t len)
{
	struct daemon *daemon = arg;

	enqueue(true, &daemon->peer, octets, len);
	return 0;
}

static inline int daemon_wrap_key(void *arg, struct mrkm_wrap_key *key)
{
	struct daemon *daemon = arg;

	if (!daemon->wrap_file)
		return -MRKM_ERR_NO_WRAP_KEY;
	*key = *daemon->wrap_file;
	return 0;
}

static inline struct held *hold(struct daemon *daemon,
				const struct mrkm_order *order)
{
	struct held *place = NULL;

	for (size_t i = 0; i < SETS_MAX; i++) {
		struct held *held = &daemon->held[i];

		if (held->used && strcmp(held->group, order->group) == 0)
			place = held;
		else if (!held->used && !place)
			place = held;
	}
	assert_non_null(place);
	place->used = true;
	strcpy(place->group, order->group);
	strcpy(place->key_chain, order->key_chain);
	place->boot = order->boot;
	place->session = order->session;
	return place;
}

static inline int daemon_bind(void *arg, const struct mrkm_order *order)
{
	struct daemon *daemon = arg;

	if (!daemon->bind_err)
		hold(daemon, order);
	return daemon->bind_err;
}

static inline int daemon_keys(void *arg, const struct mrkm_order *order,
			      const struct keytable_row *rows, size_t count,
			      enum mrkm_err *results)
{
	struct daemon *daemon = arg;
	struct held *held;

	if (daemon->keys_err)
		return daemon->keys_err;
	held = hold(daemon, order);
	held->count = count;
	if (count)
		memcpy(held->rows, rows, count * sizeof(*rows));
	for (size_t i = 0; i < count; i++)
		results[i] = daemon->verdict;
	return 0;
}

static inline struct held *held_by(struct daemon *daemon, const char *group)
{
	for (size_t i = 0; i < SETS_MAX; i++)
		if (daemon->held[i].used &&
		    strcmp(daemon->held[i].group, group) == 0)
			return &daemon->held[i];
	return NULL;
}

static inline int daemon_withdraw(void *arg, const struct mrkm_order *order)
{
	struct held *held = held_by(arg, order->group);

	if (held)
		memset(held, 0, sizeof(*held));
	return 0;
}

static inline void daemon_synced(void *arg, uint64_t boot, uint32_t session)
{
	struct daemon *daemon = arg;

	for (size_t i = 0; i < SETS_MAX; i++)
		if (daemon->held[i].boot == boot &&
		    daemon->held[i].session != session)
			memset(&daemon->held[i], 0, sizeof(daemon->held[i]));
}

static const struct mrkm_receiver_callbacks receiver_callbacks = {
	.send = daemon_send,
	.wrap_key = daemon_wrap_key,
	.bind = daemon_bind,
	.keys = daemon_keys,
	.withdraw = daemon_withdraw,
	.synced = daemon_synced,
};

#define ALGORITHMS                                                             \
	(KEYTABLE_ALGO_BIT(KEYTABLE_KEYED_MD5) |                               \
	 KEYTABLE_ALGO_BIT(KEYTABLE_HMAC_SHA_256))

/* A new process, which holds nothing; zebra does not know of it yet. */
static inline struct daemon *daemon_starts(size_t i)
{
	static uint64_t boot = 1000;
	struct daemon *daemon = &daemons[i];

	memset(daemon, 0, sizeof(*daemon));
	daemon->peer = (struct mrkm_peer){ 7, MRKM_ZAPI_INSTANCE,
					   MRKM_ZAPI_SESSION + (uint32_t)i };
	daemon->wrap_file = &wrap_key;
	daemon->present = true;
	mrkm_receiver_init(&daemon->end, &receiver_callbacks, daemon, ++boot,
			   "ospfd", (uint16_t)i);
	mrkm_receiver_add_capability(&daemon->end, OSPFV2, ALGORITHMS);
	return daemon;
}

static inline bool same_peer(const struct mrkm_peer *a,
			     const struct mrkm_peer *b)
{
	return a->proto == b->proto && a->instance == b->instance &&
	       a->session == b->session;
}

/* Delivers all there is, in order, until nobody says anything more. */
static inline void deliver(void)
{
	struct packet packet;

	while (queued) {
		packet = queue[0];
		memmove(queue, queue + 1, --queued * sizeof(queue[0]));
		if (packet.to_mrkmd) {
			mrkm_sender_input(sender, &packet.peer, packet.octets,
					  packet.len, now);
			continue;
		}
		for (size_t i = 0; i < RECEIVERS; i++)
			if (daemons[i].present &&
			    (packet.to_all ||
			     same_peer(&packet.peer, &daemons[i].peer)))
				mrkm_receiver_input(&daemons[i].end,
						    packet.octets, packet.len);
	}
}

static inline struct daemon *daemon_joins(size_t i)
{
	struct daemon *daemon = daemon_starts(i);

	mrkm_sender_registered(sender, &daemon->peer, now);
	deliver();
	return daemon;
}

static inline void advance(uint64_t time)
{
	uint64_t end = now + time;

	while (mrkm_sender_deadline(sender) <= end) {
		now = mrkm_sender_deadline(sender);
		mrkm_sender_expire(sender, now);
		deliver();
		assert_true(mrkm_sender_deadline(sender) > now);
	}
	now = end;
}

/* ------------------------------------------------------------------- helpers */

static inline struct keytable_row make_row(uint32_t id)
{
	struct keytable_row row = {
		.protocol = OSPFV2,
		.direction = KEYTABLE_BOTH,
		.algorithm = KEYTABLE_HMAC_SHA_256,
		.id = id,
		.accept_end = KEYTABLE_NEVER,
		.send_end = KEYTABLE_NEVER,
		.key_len = 32,
	};

	memset(row.key, 'a' + (int)(id % 26), 32);
	return row;
}

static inline void set_key(const char *group, uint32_t id)
{
	struct keytable_row row = make_row(id);

	assert_int_equal(
		mrkm_sender_set(sender, group, OSPFV2, group, &row, 1, now), 0);
	deliver();
}

static inline bool holds_key(struct daemon *daemon, const char *group,
			     uint32_t id)
{
	struct held *held = held_by(daemon, group);
	struct keytable_row row = make_row(id);

	return held && held->count == 1 &&
	       memcmp(&held->rows[0], &row, sizeof(row)) == 0;
}

static inline void find_status(void *arg,
			       const struct mrkm_receiver_status *status)
{
	struct mrkm_receiver_status *wanted = arg;

	if (same_peer(&status->peer, &wanted->peer))
		*wanted = *status;
}

static inline struct mrkm_receiver_status status_of(const struct daemon *daemon)
{
	struct mrkm_receiver_status status = { .peer = daemon->peer,
					       .state = -1 };

	mrkm_sender_visit_receivers(sender, find_status, &status);
	return status;
}

static inline bool is_synced(const struct daemon *daemon)
{
	return status_of(daemon).state == MRKM_RECEIVER_SYNCED;
}

static inline uint64_t counter(enum mrkm_err err)
{
	return mrkm_sender_counters(sender)[err];
}

static inline int setup(void **state)
{
	(void)state;
	memset(daemons, 0, sizeof(daemons));
	queued = 0;
	lose_next = 0;
	now = 1000 * SECOND;
	mrkmd_starts();
	deliver();
	sent_by_mrkmd = capability_calls = result_calls = missing_calls = 0;
	return 0;
}

static inline int teardown(void **state)
{
	(void)state;
	mrkm_sender_free(sender);
	sender = NULL;
	return 0;
}

#define channel_test(name)                                                     \
	cmocka_unit_test_setup_teardown(name, setup, teardown)

#endif /* TEST_CHANNEL_UTIL_H */
