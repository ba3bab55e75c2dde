// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The key channel: mrkmd's end, receivers, and zebra between them that loses,
 * repeats and changes what it carries, or says things of its own.
 *
 * Input: events, each one octet that says which, and what it needs; see the
 * functions.  zebra does not know the wrap key, whatever it does.
 */
#include <stdio.h>
#include <string.h>

#include "fuzz_util.h"
#include "mrkm/mrkm_receiver.h"
#include "mrkm/mrkm_sender.h"

#define EVENTS_MAX 200
#define DAEMONS 3
#define STRANGERS 3 /* more peers, with nobody behind them */
#define HELD_MAX 16
#define QUEUE_MAX 256
#define MADE_MAX 1024
#define HEAD_AT 2 /* of boot, session and serial in a message */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const names[] = { "CORE", "EDGE", "LAB" };
static const uint8_t protocols[] = { 201, 203, 204 };

#define NAMES 3
#define PROTOCOLS 3

/* What mrkmd has of one (group, protocol). */
struct set {
	const char *key_chain; /* NULL: nothing */
	bool known;
	struct keytable_row row;
};

/* What a receiver has of it. */
struct held {
	char group[MRKM_NAME_MAX + 1];
	char key_chain[MRKM_NAME_MAX + 1];
	uint8_t protocol;
	size_t count;
	struct keytable_row rows[KEYTABLE_ROWS_MAX];
};

struct daemon {
	struct mrkm_receiver end;
	struct mrkm_peer peer;
	bool finds_file;
	struct held held[HELD_MAX];
	size_t held_count;
};

struct head {
	bool to_mrkmd, to_all;
	size_t peer; /* daemon or stranger */
};

struct packet {
	struct head head;
	size_t len;
	uint8_t octets[MRKM_MSG_MAX];
};

/* Anything that mrkmd ever told. */
struct made {
	const char *group, *key_chain;
	struct keytable_row row;
};

static struct {
	struct mrkm_sender *sender;
	struct mrkm_wrap_key key;
	struct set sets[NAMES][PROTOCOLS];
	struct daemon daemons[DAEMONS];
	struct packet queue[QUEUE_MAX]; /* a ring */
	size_t first, queued;
	struct made made[MADE_MAX];
	size_t made_count;
	uint64_t now, boots;
	uint32_t keys;
	bool honest; /* zebra loses and repeats, and makes nothing up */
} w;

/* --------------------------------------------------------------------- zebra */

static struct mrkm_peer peer_of(size_t i)
{
	return (struct mrkm_peer){ 7, MRKM_ZAPI_INSTANCE, 1 + (uint32_t)i };
}

static struct packet *next_packet(void)
{
	return w.queued ? &w.queue[w.first] : NULL;
}

static void drop_one(void)
{
	if (!w.queued)
		return;
	w.first = (w.first + 1) % QUEUE_MAX;
	w.queued--;
}

/* What does not fit is lost. */
static void enqueue(struct head head, const uint8_t *octets, size_t len)
{
	struct packet *packet = &w.queue[(w.first + w.queued) % QUEUE_MAX];

	FUZZ_CHECK(len <= MRKM_MSG_MAX);
	if (w.queued == QUEUE_MAX)
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

static void hand_over(struct head head, const uint8_t *octets, size_t len)
{
	struct mrkm_peer peer = peer_of(head.peer);

	check_codec(octets, len);
	if (head.to_mrkmd) {
		mrkm_sender_input(w.sender, &peer, octets, len, w.now);
		return;
	}
	for (size_t i = 0; i < DAEMONS; i++)
		if (head.to_all || i == head.peer)
			mrkm_receiver_input(&w.daemons[i].end, octets, len);
}

static void deliver_one(void)
{
	static uint8_t octets[MRKM_MSG_MAX];
	const struct packet *next = next_packet();
	struct head head;
	size_t len;

	if (!next)
		return;
	head = next->head;
	len = next->len;
	memcpy(octets, next->octets, len);
	drop_one();
	hand_over(head, octets, len);
}

/* --------------------------------------------------------------------- mrkmd */

static int mrkmd_send(void *arg, const struct mrkm_peer *to,
		      const uint8_t *octets, size_t len)
{
	struct head head = { .to_all = !to, .peer = to ? to->session - 1 : 0 };

	(void)arg;
	enqueue(head, octets, len);
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
static void mrkmd_starts(void)
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
static struct keytable_row make_row(uint8_t protocol)
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

static void set_row(size_t group, size_t protocol, size_t chain,
		    const struct keytable_row *row)
{
	struct set *set = &w.sets[group][protocol];

	/* one that will not be found is worth no more */
	if (w.made_count == MADE_MAX)
		return;
	w.made[w.made_count++] =
		(struct made){ names[group], names[chain], *row };
	FUZZ_CHECK(mrkm_sender_set(w.sender, names[group], protocols[protocol],
				   names[chain], row, 1, w.now) == 0);
	*set = (struct set){ names[chain], true, *row };
}

static void advance(uint64_t time)
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

	enqueue(head, octets, len);
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
		if (daemon->held_count == HELD_MAX)
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
static void daemon_starts(size_t i)
{
	struct daemon *daemon = &w.daemons[i];

	daemon->held_count = 0;
	daemon->finds_file = true;
	daemon->peer = peer_of(i);
	mrkm_receiver_init(&daemon->end, &receiver_callbacks, daemon, ++w.boots,
			   "ospfd", (uint16_t)i);
	for (size_t p = 0; p < PROTOCOLS; p++)
		mrkm_receiver_add_capability(&daemon->end, protocols[p], 0x3e);
}

static void zebra_restarts(void)
{
	w.queued = 0;
	mrkm_sender_disconnected(w.sender);
	for (size_t i = 0; i < DAEMONS; i++)
		mrkm_receiver_disconnected(&w.daemons[i].end);
	mrkm_sender_connected(w.sender);
}

/* -------------------------------------------------------------------- events */

enum event {
	DELIVER,    /* how many */
	DROP,	    /* the next one */
	COPY,	    /* the next one */
	CHANGE,	    /* the next one: at (2), how */
	TO_DAEMON,  /* which, right head?, length (2), octets */
	TO_MRKMD,   /* from which, right head?, length (2), octets */
	SET,	    /* group, protocol, key chain */
	SET_WILD,   /* likewise, and what the row says */
	BIND,	    /* likewise */
	UNSET,	    /* group, protocol */
	PROTECT,    /* group, protocol, how many interfaces */
	REGISTERED, /* which */
	GONE,	    /* which; all */
	DAEMON,	    /* which begins anew */
	MRKMD,	    /* begins anew */
	ZEBRA,	    /* begins anew */
	TIME,	    /* quarters of a second */
	FILES,	    /* who finds the wrap key, in bits */
	CAPABILITY, /* which, protocol, algorithms */
	EVENT_MAX
};

static void put(uint8_t *at, uint64_t value, size_t size)
{
	for (size_t i = 0; i < size; i++)
		at[i] = value >> (8 * (size - 1 - i));
}

/* Something that nobody sent: with a head, if so wished, that fits. */
static void forge(struct fuzz_input *input, bool to_mrkmd)
{
	static uint8_t octets[MRKM_MSG_MAX];
	size_t who = fuzz_u8(input) % (DAEMONS + to_mrkmd * STRANGERS);
	bool right = fuzz_u8(input) & 1;
	struct gikev2_chunk from =
		fuzz_take(input, fuzz_u16(input) % MRKM_MSG_MAX);
	const struct mrkm_receiver *end = &w.daemons[who % DAEMONS].end;
	struct head head = { .to_mrkmd = to_mrkmd, .peer = who };

	if (from.len)
		memcpy(octets, from.ptr, from.len);
	if (right && from.len >= HEAD_AT + 16) {
		put(octets + HEAD_AT, to_mrkmd ? end->hello.boot : w.key.boot,
		    8);
		put(octets + HEAD_AT + 8, end->session, 4);
		put(octets + HEAD_AT + 12, end->serial + !to_mrkmd, 4);
	}
	w.honest = false;
	hand_over(head, octets, from.len);
}

static void set_wild(struct fuzz_input *input, size_t group, size_t protocol,
		     size_t chain)
{
	struct keytable_row row = make_row(protocols[protocol]);

	row.id = fuzz_u16(input);
	row.algorithm = fuzz_u16(input);
	row.direction = fuzz_u8(input) % (KEYTABLE_BOTH + 1);
	row.accept_end = fuzz_u16(input) * KEYTABLE_SECOND;
	row.ipsec.suite.encr = fuzz_u8(input);
	row.ipsec.suite.encr_bits = fuzz_u16(input);
	row.ipsec.suite.integ = fuzz_u8(input);
	row.ipsec.sn = fuzz_u8(input);
	row.ipsec.sender_id_count = fuzz_u8(input) % 4;
	row.key_len = 1 + fuzz_u8(input) % KEYTABLE_KEY_MAX;
	set_row(group, protocol, chain, &row);
}

static void protect(size_t group, size_t protocol, size_t count)
{
	static struct mrkm_msg_interface interfaces[MRKM_INTERFACES_MAX];

	for (size_t i = 0; i < count; i++)
		snprintf(interfaces[i].name, sizeof(interfaces[i].name),
			 "eth%zu", i);
	mrkm_sender_protect(w.sender, names[group], protocols[protocol],
			    interfaces, count, w.now);
}

/* What the operator of mrkmd does. */
static void operate(struct fuzz_input *input, enum event event)
{
	size_t group = fuzz_u8(input) % NAMES;
	size_t protocol = fuzz_u8(input) % PROTOCOLS;
	uint8_t third = event == UNSET ? 0 : fuzz_u8(input);
	size_t chain = third % NAMES;
	struct keytable_row row;

	if (event == SET) {
		row = make_row(protocols[protocol]);
		set_row(group, protocol, chain, &row);
	} else if (event == SET_WILD) {
		set_wild(input, group, protocol, chain);
	} else if (event == PROTECT) {
		protect(group, protocol, third);
	} else if (event == UNSET) {
		mrkm_sender_unset(w.sender, names[group], protocols[protocol],
				  w.now);
		memset(&w.sets[group][protocol], 0, sizeof(struct set));
	} else if (w.made_count < MADE_MAX) {
		struct set *set = &w.sets[group][protocol];

		mrkm_sender_bind(w.sender, names[group], protocols[protocol],
				 names[chain], w.now);
		set->key_chain = names[chain];
		/* its key goes along */
		if (set->known)
			w.made[w.made_count++] = (struct made){ names[group],
								names[chain],
								set->row };
	}
}

/* What zebra and the processes do. */
static void happen(struct fuzz_input *input, enum event event)
{
	uint8_t which = event == MRKMD || event == ZEBRA ? 0 : fuzz_u8(input);
	struct daemon *daemon = &w.daemons[which % DAEMONS];
	struct mrkm_peer peer = peer_of(which % (DAEMONS + STRANGERS));

	if (event == REGISTERED) {
		mrkm_sender_registered(w.sender, &peer, w.now);
	} else if (event == GONE) {
		mrkm_sender_gone(w.sender, which & 0x80 ? NULL : &peer, w.now);
	} else if (event == DAEMON) {
		daemon_starts(which % DAEMONS);
	} else if (event == MRKMD) {
		mrkmd_starts();
	} else if (event == ZEBRA) {
		zebra_restarts();
	} else if (event == TIME) {
		advance(which * KEYTABLE_SECOND / 4);
	} else if (event == FILES) {
		for (size_t i = 0; i < DAEMONS; i++)
			w.daemons[i].finds_file = which >> i & 1;
	} else {
		uint8_t protocol = protocols[fuzz_u8(input) % PROTOCOLS];

		mrkm_receiver_change_capability(&daemon->end, protocol,
						fuzz_u8(input));
	}
}

/* What becomes of what is on its way. */
static void carry(struct fuzz_input *input, enum event event)
{
	struct packet *next = next_packet();

	if (event == DELIVER) {
		for (int n = fuzz_u8(input) % 32; n >= 0; n--)
			deliver_one();
	} else if (event == CHANGE) {
		uint16_t at = fuzz_u16(input);
		uint8_t how = fuzz_u8(input);

		if (next && next->len)
			next->octets[at % next->len] ^= how;
		w.honest = false;
	} else if (event == COPY && next) {
		enqueue(next->head, next->octets, next->len);
	} else if (event == DROP) {
		drop_one();
	}
}

static void one_event(struct fuzz_input *input)
{
	enum event event = fuzz_u8(input) % EVENT_MAX;

	if (event <= CHANGE)
		carry(input, event);
	else if (event <= TO_MRKMD)
		forge(input, event == TO_MRKMD);
	else if (event <= PROTECT)
		operate(input, event);
	else
		happen(input, event);
}

/* ----------------------------------------------------------------------- end */

static void note_state(void *arg, const struct mrkm_receiver_status *status)
{
	enum mrkm_receiver_state *states = arg;

	if (status->peer.session <= DAEMONS)
		states[status->peer.session - 1] = status->state;
}

static void check_sets(struct daemon *daemon)
{
	for (size_t g = 0; g < NAMES; g++)
		for (size_t p = 0; p < PROTOCOLS; p++) {
			const struct set *set = &w.sets[g][p];
			const struct held *held =
				held_by(daemon, names[g], protocols[p]);

			if (!set->known)
				continue;
			FUZZ_CHECK(held && held->count == 1);
			FUZZ_CHECK(same_row(&held->rows[0], &set->row));
			FUZZ_CHECK(!strcmp(held->key_chain, set->key_chain));
		}
}

/* Time passes, and zebra loses nothing; it tells of who is not known. */
static void run(void)
{
	enum mrkm_receiver_state states[DAEMONS] = { 0 };

	mrkm_sender_visit_receivers(w.sender, note_state, states);
	for (size_t i = 0; i < DAEMONS; i++)
		if (states[i] == MRKM_RECEIVER_AWAY)
			mrkm_sender_registered(w.sender, &w.daemons[i].peer,
					       w.now);
	for (int i = 0; i < 100; i++) {
		while (w.queued)
			deliver_one();
		if (mrkm_sender_deadline(w.sender) == KEYTABLE_NEVER)
			break;
		advance(KEYTABLE_SECOND);
	}
	mrkm_sender_visit_receivers(w.sender, note_state, states);
	for (size_t i = 0; i < DAEMONS; i++)
		FUZZ_CHECK(states[i] == MRKM_RECEIVER_SYNCED);
}

/*
 * With the next key all is well again, whatever was lost before.  If zebra made
 * things up, it begins anew and is honest from now on.
 */
static void settle(void)
{
	struct keytable_row row = make_row(protocols[0]);

	for (size_t i = 0; i < DAEMONS; i++) {
		if (w.daemons[i].held_count > HELD_MAX / 2)
			daemon_starts(i);
		w.daemons[i].finds_file = true;
	}
	if (!w.honest)
		zebra_restarts();
	set_row(0, 0, 0, &row);
	run();
	for (size_t i = 0; i < DAEMONS; i++)
		check_sets(&w.daemons[i]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input input = { data, size };

	w.now = 1000 * KEYTABLE_SECOND;
	w.boots = w.keys = 0;
	w.honest = true;
	w.queued = w.made_count = 0;
	mrkmd_starts();
	for (size_t i = 0; i < DAEMONS; i++)
		daemon_starts(i);
	for (int i = 0; input.left && i < EVENTS_MAX; i++)
		one_event(&input);
	settle();
	mrkm_sender_free(w.sender);
	w.sender = NULL;
	return 0;
}
