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

#include "fuzz_router.h"

#define EVENTS_MAX 200
#define HEAD_AT 2 /* of boot, session and serial in a message */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

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
	size_t who =
		fuzz_u8(input) % (ROUTER_DAEMONS + to_mrkmd * ROUTER_STRANGERS);
	bool right = fuzz_u8(input) & 1;
	struct gikev2_chunk from =
		fuzz_take(input, fuzz_u16(input) % MRKM_MSG_MAX);
	const struct mrkm_receiver *end = &w.daemons[who % ROUTER_DAEMONS].end;
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
	router_hand_over(head, octets, from.len);
}

static void set_wild(struct fuzz_input *input, size_t group, size_t protocol,
		     size_t chain)
{
	struct keytable_row row = router_row(router_protocols[protocol]);

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
	router_set(group, protocol, chain, &row);
}

static void protect(size_t group, size_t protocol, size_t count)
{
	static struct mrkm_msg_interface interfaces[MRKM_INTERFACES_MAX];

	for (size_t i = 0; i < count; i++)
		snprintf(interfaces[i].name, sizeof(interfaces[i].name),
			 "eth%zu", i);
	mrkm_sender_protect(w.sender, router_names[group],
			    router_protocols[protocol], interfaces, count,
			    w.now);
}

/* What the operator of mrkmd does. */
static void operate(struct fuzz_input *input, enum event event)
{
	size_t group = fuzz_u8(input) % ROUTER_NAMES;
	size_t protocol = fuzz_u8(input) % ROUTER_PROTOCOLS;
	uint8_t third = event == UNSET ? 0 : fuzz_u8(input);
	size_t chain = third % ROUTER_NAMES;
	struct keytable_row row;

	if (event == SET) {
		row = router_row(router_protocols[protocol]);
		router_set(group, protocol, chain, &row);
	} else if (event == SET_WILD) {
		set_wild(input, group, protocol, chain);
	} else if (event == PROTECT) {
		protect(group, protocol, third);
	} else if (event == UNSET) {
		mrkm_sender_unset(w.sender, router_names[group],
				  router_protocols[protocol], w.now);
		memset(&w.sets[group][protocol], 0, sizeof(struct set));
	} else if (w.made_count < ROUTER_MADE_MAX) {
		struct set *set = &w.sets[group][protocol];

		mrkm_sender_bind(w.sender, router_names[group],
				 router_protocols[protocol],
				 router_names[chain], w.now);
		set->key_chain = router_names[chain];
		/* its key goes along */
		if (set->known)
			w.made[w.made_count++] =
				(struct made){ router_names[group],
					       router_names[chain], set->row };
	}
}

/* What zebra and the processes do. */
static void happen(struct fuzz_input *input, enum event event)
{
	uint8_t which = event == MRKMD || event == ZEBRA ? 0 : fuzz_u8(input);
	struct daemon *daemon = &w.daemons[which % ROUTER_DAEMONS];
	struct mrkm_peer peer =
		router_peer(which % (ROUTER_DAEMONS + ROUTER_STRANGERS));

	if (event == REGISTERED) {
		mrkm_sender_registered(w.sender, &peer, w.now);
	} else if (event == GONE) {
		mrkm_sender_gone(w.sender, which & 0x80 ? NULL : &peer, w.now);
	} else if (event == DAEMON) {
		router_daemon_starts(which % ROUTER_DAEMONS);
	} else if (event == MRKMD) {
		router_mrkmd_starts();
	} else if (event == ZEBRA) {
		router_zebra_starts();
	} else if (event == TIME) {
		router_advance(which * KEYTABLE_SECOND / 4);
	} else if (event == FILES) {
		for (size_t i = 0; i < ROUTER_DAEMONS; i++)
			w.daemons[i].finds_file = which >> i & 1;
	} else {
		uint8_t protocol =
			router_protocols[fuzz_u8(input) % ROUTER_PROTOCOLS];

		mrkm_receiver_change_capability(&daemon->end, protocol,
						fuzz_u8(input));
	}
}

/* What becomes of what is on its way. */
static void carry(struct fuzz_input *input, enum event event)
{
	struct packet *next = router_next();

	if (event == DELIVER) {
		for (int n = fuzz_u8(input) % 32; n >= 0; n--)
			router_deliver();
	} else if (event == CHANGE) {
		uint16_t at = fuzz_u16(input);
		uint8_t how = fuzz_u8(input);

		if (next && next->len)
			next->octets[at % next->len] ^= how;
		w.honest = false;
	} else if (event == COPY && next) {
		router_enqueue(next->head, next->octets, next->len);
	} else if (event == DROP) {
		router_drop();
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

	if (status->peer.session <= ROUTER_DAEMONS)
		states[status->peer.session - 1] = status->state;
}

/* Time passes, and zebra loses nothing; it tells of who is not known. */
static void run(void)
{
	enum mrkm_receiver_state states[ROUTER_DAEMONS] = { 0 };

	mrkm_sender_visit_receivers(w.sender, note_state, states);
	for (size_t i = 0; i < ROUTER_DAEMONS; i++)
		if (states[i] == MRKM_RECEIVER_AWAY)
			mrkm_sender_registered(w.sender, &w.daemons[i].peer,
					       w.now);
	for (int i = 0; i < 100; i++) {
		while (w.queued)
			router_deliver();
		if (mrkm_sender_deadline(w.sender) == KEYTABLE_NEVER)
			break;
		router_advance(KEYTABLE_SECOND);
	}
	mrkm_sender_visit_receivers(w.sender, note_state, states);
	for (size_t i = 0; i < ROUTER_DAEMONS; i++)
		FUZZ_CHECK(states[i] == MRKM_RECEIVER_SYNCED);
}

/*
 * With the next key all is well again, whatever was lost before.  If zebra made
 * things up, it begins anew and is honest from now on.
 */
static void settle(void)
{
	struct keytable_row row = router_row(router_protocols[0]);

	for (size_t i = 0; i < ROUTER_DAEMONS; i++) {
		if (w.daemons[i].held_count > ROUTER_HELD_MAX / 2)
			router_daemon_starts(i);
		w.daemons[i].finds_file = true;
	}
	if (!w.honest)
		router_zebra_starts();
	router_set(0, 0, 0, &row);
	run();
	router_check();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input input = { data, size };

	router_new();
	for (int i = 0; input.left && i < EVENTS_MAX; i++)
		one_event(&input);
	settle();
	router_free();
	return 0;
}
