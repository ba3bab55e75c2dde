// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * mrkmd, receivers, and zebra between them.
 */
#include <string.h>

#include "fuzz_router.h"

const char *const router_names[ROUTER_NAMES] = { "CORE", "EDGE", "LAB" };
const uint8_t router_protocols[ROUTER_PROTOCOLS] = { 201, 203, 204 };

struct router w;

/* --------------------------------------------------------------------- zebra */

struct mrkm_peer router_peer(size_t i)
{
	return (struct mrkm_peer){ 7, MRKM_ZAPI_INSTANCE, 1 + (uint32_t)i };
}

struct packet *router_next(void)
{
	return w.queued ? &w.queue[w.first] : NULL;
}

void router_drop(void)
{
	if (!w.queued)
		return;
	w.first = (w.first + 1) % ROUTER_QUEUE_MAX;
	w.queued--;
}

/* What does not fit is lost. */
void router_enqueue(struct head head, const uint8_t *octets, size_t len)
{
	struct packet *packet =
		&w.queue[(w.first + w.queued) % ROUTER_QUEUE_MAX];

	FUZZ_CHECK(len <= MRKM_MSG_MAX);
	if (w.queued == ROUTER_QUEUE_MAX)
		return;
	w.queued++;
	packet->head = head;
	packet->len = len;
	memcpy(packet->octets, octets, len);
}

/* What can be read is what would be written. */
static void check_codec(const uint8_t *octets, size_t len)
{
	static uint8_t again[MRKM_MSG_MAX];
	static struct mrkm_msg msg;
	int err = mrkm_msg_decode(&msg, octets, len);

	if (err == 0) {
		FUZZ_CHECK(mrkm_msg_encode(&msg, again, sizeof(again)) ==
			   (int)len);
		FUZZ_CHECK(memcmp(again, octets, len) == 0);
	}
}

void router_hand_over(struct head head, const uint8_t *octets, size_t len)
{
	struct mrkm_peer peer = router_peer(head.peer);

	check_codec(octets, len);
	if (head.to_mrkmd) {
		mrkm_sender_input(w.sender, &peer, octets, len, w.now);
		return;
	}
	for (size_t i = 0; i < ROUTER_DAEMONS; i++)
		if (head.to_all || i == head.peer)
			mrkm_receiver_input(&w.daemons[i].end, octets, len);
}

void router_deliver(void)
{
	static uint8_t octets[MRKM_MSG_MAX];
	const struct packet *next = router_next();
	struct head head;
	size_t len;

	if (!next)
		return;
	head = next->head;
	len = next->len;
	memcpy(octets, next->octets, len);
	router_drop();
	router_hand_over(head, octets, len);
}

/* --------------------------------------------------------------------- mrkmd */

static int mrkmd_send(void *arg, const struct mrkm_peer *to,
		      const uint8_t *octets, size_t len)
{
	struct head head = { .to_all = !to, .peer = to ? to->session - 1 : 0 };

	(void)arg;
	router_enqueue(head, octets, len);
	return 0;
}

static void mrkmd_capability(void *arg, uint8_t protocol, uint32_t algorithms)
{
	(void)arg;
	FUZZ_CHECK(mrkm_sender_algorithms(w.sender, protocol) == algorithms);
}

static void mrkmd_result(void *arg, const struct mrkm_key_status *status)
{
	(void)arg;
	FUZZ_CHECK(status->result < MRKM_ERR_MAX);
	FUZZ_CHECK(strlen(status->daemon) <= MRKM_DAEMON_MAX);
}

static void mrkmd_wrap_key_missing(void *arg, const struct mrkm_wrap_key *key)
{
	(void)arg;
	FUZZ_CHECK(key->boot == w.key.boot);
}

static const struct mrkm_sender_callbacks sender_callbacks = {
	.send = mrkmd_send,
	.capability = mrkmd_capability,
	.result = mrkmd_result,
	.wrap_key_missing = mrkmd_wrap_key_missing,
};

/* A new process, which knows nothing. */
void router_mrkmd_starts(void)
{
	mrkm_sender_free(w.sender);
	w.key.boot = ++w.boots;
	memset(w.key.octets, (int)w.boots, sizeof(w.key.octets));
	w.sender = mrkm_sender_new(&sender_callbacks, NULL, &w.key);
	FUZZ_CHECK(w.sender);
	memset(w.sets, 0, sizeof(w.sets));
	mrkm_sender_connected(w.sender);
}

/* A key as it should be, and another one each time. */
struct keytable_row router_row(uint8_t protocol)
{
	struct keytable_row row = {
		.protocol = protocol,
		.direction = KEYTABLE_BOTH,
		.algorithm = KEYTABLE_HMAC_SHA_256,
		.id = ++w.keys,
		.accept_end = KEYTABLE_NEVER,
		.send_end = KEYTABLE_NEVER,
		.key_len = 32,
	};

	memset(row.key, 'a' + (int)(w.keys % 26), 32);
	return row;
}

void router_set(size_t group, size_t protocol, size_t chain,
		const struct keytable_row *row)
{
	struct set *set = &w.sets[group][protocol];

	/* one that will not be found is worth no more */
	if (w.made_count == ROUTER_MADE_MAX)
		return;
	w.made[w.made_count++] =
		(struct made){ router_names[group], router_names[chain], *row };
	FUZZ_CHECK(mrkm_sender_set(w.sender, router_names[group],
				   router_protocols[protocol],
				   router_names[chain], row, 1, w.now) == 0);
	*set = (struct set){ router_names[chain], true, *row };
}

void router_advance(uint64_t time)
{
	uint64_t end = w.now + time;

	for (;;) {
		uint64_t due = mrkm_sender_deadline(w.sender);

		if (due > end)
			break;
		w.now = due > w.now ? due : w.now;
		mrkm_sender_expire(w.sender, w.now);
		FUZZ_CHECK(mrkm_sender_deadline(w.sender) > w.now);
	}
	w.now = end;
}

/* --------------------------------------------------------------- the receivers */

static int daemon_send(void *arg, const uint8_t *octets, size_t len)
{
	struct daemon *daemon = arg;
	struct head head = { .to_mrkmd = true,
			     .peer = daemon->peer.session - 1 };

	router_enqueue(head, octets, len);
	return 0;
}

static int daemon_wrap_key(void *arg, struct mrkm_wrap_key *key)
{
	const struct daemon *daemon = arg;

	*key = w.key;
	return daemon->finds_file ? 0 : -MRKM_ERR_NO_WRAP_KEY;
}

static struct held *held_by(struct daemon *daemon, const char *group,
			    uint8_t protocol)
{
	for (size_t i = 0; i < daemon->held_count; i++)
		if (daemon->held[i].protocol == protocol &&
		    strcmp(daemon->held[i].group, group) == 0)
			return &daemon->held[i];
	return NULL;
}

static int daemon_bind(void *arg, const struct mrkm_order *order)
{
	struct daemon *daemon = arg;
	struct held *held = held_by(daemon, order->group, order->protocol);

	FUZZ_CHECK(mrkm_name_valid(order->group));
	FUZZ_CHECK(order->key_chain && mrkm_name_valid(order->key_chain));
	if (!held) {
		if (daemon->held_count == ROUTER_HELD_MAX)
			return -MRKM_ERR_LIMIT;
		held = &daemon->held[daemon->held_count++];
		memset(held, 0, sizeof(*held));
		strcpy(held->group, order->group);
		held->protocol = order->protocol;
	}
	strcpy(held->key_chain, order->key_chain);
	return 0;
}

static bool same_row(const struct keytable_row *a, const struct keytable_row *b)
{
	return a->protocol == b->protocol && a->id == b->id &&
	       a->algorithm == b->algorithm && a->direction == b->direction &&
	       a->accept_start == b->accept_start &&
	       a->accept_end == b->accept_end &&
	       a->send_start == b->send_start && a->send_end == b->send_end &&
	       keytable_ipsec_equal(&a->ipsec, &b->ipsec) &&
	       a->key_len == b->key_len &&
	       memcmp(a->key, b->key, a->key_len) == 0;
}

/* Did mrkmd say so, of that group and for that key chain? */
static bool was_made(const struct mrkm_order *order,
		     const struct keytable_row *row)
{
	for (size_t i = w.made_count; i-- > 0;)
		if (strcmp(w.made[i].group, order->group) == 0 &&
		    strcmp(w.made[i].key_chain, order->key_chain) == 0 &&
		    same_row(&w.made[i].row, row))
			return true;
	return false;
}

static int daemon_keys(void *arg, const struct mrkm_order *order,
		       const struct keytable_row *rows, size_t count,
		       enum mrkm_err *results)
{
	struct daemon *daemon = arg;
	struct held *held;
	int err = daemon_bind(arg, order);

	FUZZ_CHECK(count <= KEYTABLE_ROWS_MAX);
	for (size_t i = 0; i < count; i++) {
		FUZZ_CHECK(was_made(order, &rows[i]));
		results[i] = keytable_row_valid(&rows[i]) ? MRKM_ERR_OK
							  : MRKM_ERR_BAD_KEY;
	}
	if (err)
		return err;
	held = held_by(daemon, order->group, order->protocol);
	held->count = count;
	if (count)
		memcpy(held->rows, rows, count * sizeof(*rows));
	return 0;
}

static int daemon_withdraw(void *arg, const struct mrkm_order *order)
{
	struct daemon *daemon = arg;
	struct held *held = held_by(daemon, order->group, order->protocol);

	if (held)
		*held = daemon->held[--daemon->held_count];
	return 0;
}

static int daemon_interfaces(void *arg, const struct mrkm_order *order,
			     const struct mrkm_msg_interface *interfaces,
			     size_t count)
{
	(void)arg;
	(void)order;
	FUZZ_CHECK(count <= MRKM_INTERFACES_MAX);
	for (size_t i = 0; i < count; i++)
		FUZZ_CHECK(
			memchr(interfaces[i].name, '\0', MRKM_INTERFACE_SIZE));
	return 0;
}

static void daemon_synced(void *arg, uint64_t boot, uint32_t session)
{
	(void)arg;
	(void)boot;
	(void)session;
}

static const struct mrkm_receiver_callbacks receiver_callbacks = {
	.send = daemon_send,
	.wrap_key = daemon_wrap_key,
	.bind = daemon_bind,
	.keys = daemon_keys,
	.withdraw = daemon_withdraw,
	.interfaces = daemon_interfaces,
	.synced = daemon_synced,
};

/* A new process, which holds nothing. */
void router_daemon_starts(size_t i)
{
	struct daemon *daemon = &w.daemons[i];

	daemon->held_count = 0;
	daemon->finds_file = true;
	daemon->peer = router_peer(i);
	mrkm_receiver_init(&daemon->end, &receiver_callbacks, daemon, ++w.boots,
			   "ospfd", (uint16_t)i);
	for (size_t p = 0; p < ROUTER_PROTOCOLS; p++)
		mrkm_receiver_add_capability(&daemon->end, router_protocols[p],
					     0x3e);
}

void router_zebra_starts(void)
{
	w.queued = 0;
	mrkm_sender_disconnected(w.sender);
	for (size_t i = 0; i < ROUTER_DAEMONS; i++)
		mrkm_receiver_disconnected(&w.daemons[i].end);
	mrkm_sender_connected(w.sender);
}

/* ----------------------------------------------------------------------- all */

static void check_sets(struct daemon *daemon)
{
	for (size_t g = 0; g < ROUTER_NAMES; g++)
		for (size_t p = 0; p < ROUTER_PROTOCOLS; p++) {
			const struct set *set = &w.sets[g][p];
			const struct held *held = held_by(
				daemon, router_names[g], router_protocols[p]);

			if (!set->known)
				continue;
			FUZZ_CHECK(held && held->count == 1);
			FUZZ_CHECK(same_row(&held->rows[0], &set->row));
			FUZZ_CHECK(!strcmp(held->key_chain, set->key_chain));
		}
}

void router_check(void)
{
	for (size_t i = 0; i < ROUTER_DAEMONS; i++)
		check_sets(&w.daemons[i]);
}

void router_new(void)
{
	w.now = 1000 * KEYTABLE_SECOND;
	w.boots = w.keys = 0;
	w.honest = true;
	w.queued = w.made_count = 0;
	router_mrkmd_starts();
	for (size_t i = 0; i < ROUTER_DAEMONS; i++)
		router_daemon_starts(i);
}

void router_free(void)
{
	mrkm_sender_free(w.sender);
	w.sender = NULL;
}
