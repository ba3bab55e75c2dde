// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The key channel and messages that are malformed, misplaced, or wrapped with
 * a key that nobody knows.
 */
#include "test_channel_util.h"

/* ---------------------------------------------------------------- bad input */

static void test_malformed_to_receiver(void **state)
{
	static const uint8_t junk[] = { MRKM_MSG_VERSION, MRKM_MSG_KEYS, 0 };
	struct daemon *daemon = daemon_joins(0);

	(void)state;
	set_key("CORE", 7);
	enqueue(false, &daemon->peer, junk, sizeof(junk));
	deliver();
	assert_int_equal(daemon->end.counters[MRKM_ERR_TRUNCATED], 1);
	assert_int_equal(counter(MRKM_ERR_TRUNCATED), 1);
	assert_int_equal(status_of(daemon).state, MRKM_RECEIVER_WAITING);
	assert_true(holds_key(daemon, "CORE", 7));
	/* What changes while the session is down comes with the next one. */
	set_key("CORE", 8);
	advance(2 * SECOND);
	assert_true(is_synced(daemon));
	assert_int_equal(status_of(daemon).sessions, 2);
	assert_true(holds_key(daemon, "CORE", 8));
}

static void test_malformed_to_mrkmd(void **state)
{
	static const uint8_t junk[] = { MRKM_MSG_VERSION, 99 };
	struct daemon *daemon = daemon_joins(0);

	(void)state;
	set_key("CORE", 7);
	enqueue(true, &daemon->peer, junk, sizeof(junk));
	deliver();
	assert_int_equal(counter(MRKM_ERR_BAD_TYPE), 1);
	assert_int_equal(status_of(daemon).malformed, 1);
	advance(2 * SECOND);
	assert_true(is_synced(daemon));
	assert_true(holds_key(daemon, "CORE", 7));
}

/* However much of it comes: one more session after each back-off. */
static void test_flood_of_junk(void **state)
{
	static const uint8_t junk[] = { 77 };
	struct daemon *daemon = daemon_joins(0);
	unsigned int before = sent_by_mrkmd;

	(void)state;
	for (int i = 0; i < 10000; i++) {
		enqueue(true, &daemon->peer, junk, sizeof(junk));
		deliver();
	}
	assert_int_equal(sent_by_mrkmd, before);
	assert_int_equal(counter(MRKM_ERR_BAD_VERSION), 10000);
	for (int i = 0; i < 100; i++) {
		enqueue(true, &daemon->peer, junk, sizeof(junk));
		deliver();
		advance(SECOND);
	}
	/* 1, 2, 4, 8, 16, 32 seconds: each a HELLO and a SYNCED. */
	assert_true(sent_by_mrkmd - before < 40);
	advance(60 * SECOND);
	assert_true(is_synced(daemon));
}

static void test_junk_of_strangers(void **state)
{
	struct mrkm_peer stranger = { 9, 9, 9 };
	struct mrkm_msg msg = { .type = MRKM_MSG_STATUS,
				.boot = 1,
				.session = 1,
				.group = "CORE" };
	uint8_t octets[MRKM_MSG_MAX];
	int len;

	(void)state;
	octets[0] = 0;
	assert_int_equal(mrkm_sender_input(sender, &stranger, octets, 1, now),
			 -MRKM_ERR_BAD_VERSION);
	len = mrkm_msg_encode(&msg, octets, sizeof(octets));
	assert_int_equal(mrkm_sender_input(sender, &stranger, octets,
					   (size_t)len, now),
			 -MRKM_ERR_OUT_OF_SESSION);
	msg.type = MRKM_MSG_KEYS;
	msg.key_chain[0] = 'x';
	len = mrkm_msg_encode(&msg, octets, sizeof(octets));
	assert_int_equal(mrkm_sender_input(sender, &stranger, octets,
					   (size_t)len, now),
			 -MRKM_ERR_BAD_SENDER);
	assert_true(mrkm_sender_deadline(sender) == KEYTABLE_NEVER);
}

static void test_receiver_limit(void **state)
{
	struct mrkm_peer peer = { 7, MRKM_ZAPI_INSTANCE, 100 };

	(void)state;
	for (int i = 0; i < MRKM_RECEIVERS_MAX; i++, peer.session++)
		mrkm_sender_registered(sender, &peer, now);
	mrkm_sender_registered(sender, &peer, now);
	assert_int_equal(counter(MRKM_ERR_LIMIT), 1);
	/* One that is away makes room. */
	queued = 0;
	peer.session = 100;
	mrkm_sender_gone(sender, &peer, now);
	queued = 0;
	assert_true(is_synced(daemon_joins(0)));
}

static void test_message_of_an_old_session(void **state)
{
	struct daemon *daemon = daemon_joins(0);
	struct packet old;

	(void)state;
	set_key("CORE", 7);
	assert_int_equal(mrkm_sender_set(sender, "CORE", OSPFV2, "CORE", NULL,
					 0, now),
			 0);
	old = queue[0];
	deliver();
	set_key("CORE", 8);
	mrkm_sender_registered(sender, &daemon->peer, now);
	deliver();
	assert_int_equal(mrkm_receiver_input(&daemon->end, old.octets, old.len),
			 -MRKM_ERR_OUT_OF_SESSION);
	assert_true(holds_key(daemon, "CORE", 8));
	assert_true(is_synced(daemon));
}

/* Of a mrkmd that is no more, though the numbers are those of its successor. */
static void test_message_of_an_old_mrkmd(void **state)
{
	struct daemon *daemon = daemon_joins(0);
	struct packet old;

	(void)state;
	mrkm_sender_unset(sender, "CORE", OSPFV2, now);
	assert_int_equal(mrkm_sender_set(sender, "CORE", OSPFV2, "CORE", NULL,
					 0, now),
			 0);
	old = queue[0];
	deliver();
	mrkmd_starts();
	deliver();
	assert_int_equal(mrkm_receiver_input(&daemon->end, old.octets, old.len),
			 -MRKM_ERR_OUT_OF_SESSION);
	assert_true(is_synced(daemon));
}

static void test_replayed_message(void **state)
{
	struct daemon *daemon = daemon_joins(0);
	struct packet old;

	(void)state;
	assert_int_equal(mrkm_sender_bind(sender, "CORE", OSPFV2, "CORE", now),
			 0);
	old = queue[0];
	deliver();
	assert_int_equal(mrkm_receiver_input(&daemon->end, old.octets, old.len),
			 -MRKM_ERR_OUT_OF_ORDER);
}

/* Receivers do not talk to each other, nor does mrkmd take its own words. */
static void test_roles(void **state)
{
	struct daemon *daemon = daemon_joins(0);
	struct mrkm_msg msg = { .type = MRKM_MSG_HELLO,
				.boot = 5,
				.role = MRKM_ROLE_RECEIVER,
				.daemon = "ospfd" };
	uint8_t octets[MRKM_MSG_MAX];
	int len = mrkm_msg_encode(&msg, octets, sizeof(octets));

	(void)state;
	assert_int_equal(mrkm_receiver_input(&daemon->end, octets, (size_t)len),
			 -MRKM_ERR_BAD_SENDER);
	msg.role = MRKM_ROLE_MRKMD;
	len = mrkm_msg_encode(&msg, octets, sizeof(octets));
	assert_int_equal(mrkm_sender_input(sender, &daemon->peer, octets,
					   (size_t)len, now),
			 -MRKM_ERR_BAD_SENDER);
	msg.type = MRKM_MSG_RESYNC;
	len = mrkm_msg_encode(&msg, octets, sizeof(octets));
	assert_int_equal(mrkm_receiver_input(&daemon->end, octets, (size_t)len),
			 -MRKM_ERR_BAD_SENDER);
	assert_true(is_synced(daemon));
}

/* -------------------------------------------------------------- wrap keys */

static void test_wrap_key_missing(void **state)
{
	struct daemon *daemon = daemon_joins(0);

	(void)state;
	set_key("CORE", 7);
	daemon->wrap_file = NULL;
	set_key("CORE", 8);
	/* What was there is not lost, and mrkmd knows why. */
	assert_true(holds_key(daemon, "CORE", 7));
	assert_int_equal(last_result.result, MRKM_ERR_NO_WRAP_KEY);
	assert_true(counter(MRKM_ERR_NO_WRAP_KEY) > 0);
	assert_int_equal(daemon->end.counters[MRKM_ERR_NO_WRAP_KEY], 1);
	assert_int_equal(missing_calls, 1);
	advance(40 * SECOND);
	assert_true(holds_key(daemon, "CORE", 7));
	daemon->wrap_file = &wrap_key;
	advance(40 * SECOND);
	assert_true(holds_key(daemon, "CORE", 8));
	assert_true(is_synced(daemon));
	assert_int_equal(last_result.result, MRKM_ERR_OK);
}

static void test_wrap_key_of_another(void **state)
{
	struct mrkm_wrap_key other = wrap_key;
	struct daemon *daemon = daemon_joins(0);

	(void)state;
	other.octets[0] ^= 1;
	daemon->wrap_file = &other;
	set_key("CORE", 7);
	assert_null(held_by(daemon, "CORE"));
	assert_int_equal(last_result.result, MRKM_ERR_UNWRAP);
	other.boot ^= 2;
	advance(10 * SECOND);
	assert_null(held_by(daemon, "CORE"));
	assert_int_equal(last_result.result, MRKM_ERR_NO_WRAP_KEY);
}

/* No message of mrkmd holds a key in the clear. */
static void test_no_key_on_the_wire(void **state)
{
	struct keytable_row row = make_row(7);

	(void)state;
	daemon_joins(0);
	assert_int_equal(mrkm_sender_set(sender, "CORE", OSPFV2, "CORE", &row,
					 1, now),
			 0);
	assert_int_equal(queued, 1);
	assert_null(memmem(queue[0].octets, queue[0].len, row.key, 4));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		channel_test(test_malformed_to_receiver),
		channel_test(test_malformed_to_mrkmd),
		channel_test(test_flood_of_junk),
		channel_test(test_junk_of_strangers),
		channel_test(test_receiver_limit),
		channel_test(test_message_of_an_old_session),
		channel_test(test_message_of_an_old_mrkmd),
		channel_test(test_replayed_message),
		channel_test(test_roles),
		channel_test(test_wrap_key_missing),
		channel_test(test_wrap_key_of_another),
		channel_test(test_no_key_on_the_wire),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
