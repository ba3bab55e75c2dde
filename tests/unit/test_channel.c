// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The key channel while mrkmd, zebra and receivers come and go.
 */
#include "test_channel_util.h"

static void test_receiver_joins(void **state)
{
	struct daemon *daemon;
	struct mrkm_receiver_status status;

	(void)state;
	assert_int_equal(mrkm_sender_algorithms(sender, OSPFV2), 0);
	set_key("CORE", 7);
	daemon = daemon_joins(0);
	assert_true(holds_key(daemon, "CORE", 7));
	assert_true(is_synced(daemon));
	status = status_of(daemon);
	assert_string_equal(status.daemon, "ospfd");
	assert_int_equal(status.capability_count, 1);
	assert_int_equal(status.keys_installed, 1);
	assert_int_equal(status.keys_refused, 0);
	assert_int_equal(status.sessions, 1);
	assert_int_equal(capability_calls, 1);
	assert_int_equal(capability_last, ALGORITHMS);
	assert_int_equal(last_result.result, MRKM_ERR_OK);
	assert_int_equal(last_result.id, 7);
	assert_string_equal(last_group, "CORE");
	assert_true(mrkm_sender_deadline(sender) == KEYTABLE_NEVER);
}

static void test_only_changes_are_sent(void **state)
{
	struct daemon *daemon = daemon_joins(0);
	unsigned int before;

	(void)state;
	set_key("CORE", 7);
	assert_true(holds_key(daemon, "CORE", 7));
	before = sent_by_mrkmd;
	set_key("CORE", 7);
	assert_int_equal(sent_by_mrkmd, before);
	assert_int_equal(mrkm_sender_bind(sender, "CORE", OSPFV2, "CORE", now),
			 0);
	assert_int_equal(sent_by_mrkmd, before);
	set_key("CORE", 8);
	assert_int_equal(sent_by_mrkmd, before + 1);
	assert_true(holds_key(daemon, "CORE", 8));
	/* Another key chain is a change. */
	assert_int_equal(mrkm_sender_bind(sender, "CORE", OSPFV2, "OTHER", now),
			 0);
	deliver();
	assert_int_equal(sent_by_mrkmd, before + 2);
	assert_string_equal(held_by(daemon, "CORE")->key_chain, "OTHER");
	assert_true(holds_key(daemon, "CORE", 8));
}

static void test_several_receivers(void **state)
{
	struct daemon *first = daemon_joins(0), *second = daemon_joins(1);

	(void)state;
	second->end.hello.capabilities[0].algorithms =
		KEYTABLE_ALGO_BIT(KEYTABLE_KEYED_MD5);
	mrkm_sender_registered(sender, &second->peer, now);
	deliver();
	/* What all of them can do. */
	assert_int_equal(mrkm_sender_algorithms(sender, OSPFV2),
			 KEYTABLE_ALGO_BIT(KEYTABLE_KEYED_MD5));
	second->verdict = MRKM_ERR_ALGORITHM;
	set_key("CORE", 7);
	assert_int_equal(status_of(first).keys_installed, 1);
	assert_int_equal(status_of(second).keys_installed, 0);
	assert_int_equal(status_of(second).keys_refused, 1);
	assert_int_equal(counter(MRKM_ERR_ALGORITHM), 1);
}

static void say_capability(struct daemon *daemon, uint32_t algorithms)
{
	daemon->end.hello.capabilities[0].algorithms = algorithms;
	mrkm_sender_registered(sender, &daemon->peer, now);
	deliver();
}

/* What is there is not forgotten by who restarts and does not know yet. */
static void test_capability_not_known_yet(void **state)
{
	struct daemon *daemon = daemon_joins(0);

	(void)state;
	assert_int_equal(mrkm_sender_obstacle(sender, OSPFV2), MRKM_ERR_OK);
	assert_int_equal(capability_calls, 1);
	say_capability(daemon, MRKM_ALGORITHMS_UNKNOWN);
	assert_int_equal(mrkm_sender_algorithms(sender, OSPFV2), ALGORITHMS);
	assert_int_equal(capability_calls, 1);
	say_capability(daemon, 0);
	assert_int_equal(mrkm_sender_algorithms(sender, OSPFV2), 0);
	assert_int_equal(mrkm_sender_obstacle(sender, OSPFV2),
			 MRKM_ERR_ALGORITHM);
	assert_int_equal(capability_calls, 2);
}

static void test_obstacles(void **state)
{
	struct daemon *daemon;

	(void)state;
	assert_int_equal(mrkm_sender_obstacle(sender, OSPFV2),
			 MRKM_ERR_NOT_CONNECTED);
	daemon = daemon_starts(0);
	say_capability(daemon, MRKM_ALGORITHMS_UNKNOWN);
	assert_int_equal(mrkm_sender_algorithms(sender, OSPFV2), 0);
	assert_int_equal(mrkm_sender_obstacle(sender, OSPFV2),
			 MRKM_ERR_NO_GUARD);
	assert_int_equal(capability_calls, 1);
	/* still none, but for another reason */
	say_capability(daemon, 0);
	assert_int_equal(mrkm_sender_obstacle(sender, OSPFV2),
			 MRKM_ERR_ALGORITHM);
	assert_int_equal(capability_calls, 2);
}

static void test_bind_before_keys(void **state)
{
	struct daemon *daemon = daemon_joins(0);

	(void)state;
	assert_int_equal(mrkm_sender_bind(sender, "CORE", OSPFV2, "CORE", now),
			 0);
	deliver();
	assert_non_null(held_by(daemon, "CORE"));
	assert_int_equal(held_by(daemon, "CORE")->count, 0);
	assert_true(is_synced(daemon));
}

static void test_unset(void **state)
{
	struct daemon *daemon = daemon_joins(0);

	(void)state;
	set_key("CORE", 7);
	set_key("EDGE", 8);
	mrkm_sender_unset(sender, "CORE", OSPFV2, now);
	deliver();
	assert_null(held_by(daemon, "CORE"));
	assert_true(holds_key(daemon, "EDGE", 8));
	assert_true(is_synced(daemon));
	mrkm_sender_unset(sender, "CORE", OSPFV2, now);
	deliver();
	assert_int_equal(queued, 0);
}

static void test_receiver_restarts(void **state)
{
	struct daemon *daemon = daemon_joins(0);

	(void)state;
	set_key("CORE", 7);
	daemon->present = false;
	mrkm_sender_gone(sender, &daemon->peer, now);
	deliver();
	assert_int_equal(status_of(daemon).state, MRKM_RECEIVER_AWAY);
	/* What it could do is remembered. */
	assert_int_equal(mrkm_sender_algorithms(sender, OSPFV2), ALGORITHMS);
	set_key("CORE", 8);
	daemon = daemon_joins(0);
	assert_true(holds_key(daemon, "CORE", 8));
	assert_true(is_synced(daemon));
	assert_int_equal(capability_calls, 1);
}

/* zebra may tell of the old process's end after the new one has registered. */
static void test_gone_comes_late(void **state)
{
	struct daemon *daemon;

	(void)state;
	set_key("CORE", 7);
	daemon = daemon_joins(0);
	mrkm_sender_gone(sender, &daemon->peer, now);
	deliver();
	assert_true(is_synced(daemon));
	set_key("CORE", 8);
	assert_true(holds_key(daemon, "CORE", 8));
}

static void test_mrkmd_restarts(void **state)
{
	struct daemon *first = daemon_joins(0), *second = daemon_joins(1);

	(void)state;
	set_key("CORE", 7);
	mrkmd_starts();
	deliver();
	assert_true(is_synced(first) && is_synced(second));
	/* It knows nothing yet, and nothing is lost. */
	assert_true(holds_key(first, "CORE", 7));
	assert_int_equal(mrkm_sender_bind(sender, "CORE", OSPFV2, "CORE", now),
			 0);
	deliver();
	assert_true(holds_key(first, "CORE", 7));
	set_key("CORE", 8);
	assert_true(holds_key(first, "CORE", 8));
	assert_true(holds_key(second, "CORE", 8));
}

static void test_zebra_restarts(void **state)
{
	struct daemon *daemon = daemon_joins(0);

	(void)state;
	set_key("CORE", 7);
	set_key("EDGE", 7);
	mrkm_sender_disconnected(sender);
	mrkm_receiver_disconnected(&daemon->end);
	assert_int_equal(status_of(daemon).state, MRKM_RECEIVER_AWAY);
	/* What changes meanwhile ... */
	mrkm_sender_unset(sender, "EDGE", OSPFV2, now);
	set_key("CORE", 8);
	assert_true(holds_key(daemon, "CORE", 7));
	/* ... is made good afterwards, whoever is back first. */
	mrkm_sender_connected(sender);
	deliver();
	mrkm_sender_registered(sender, &daemon->peer, now);
	deliver();
	assert_true(is_synced(daemon));
	assert_true(holds_key(daemon, "CORE", 8));
	assert_null(held_by(daemon, "EDGE"));
}

static void test_all_are_gone(void **state)
{
	struct daemon *daemon = daemon_joins(0);

	(void)state;
	daemon->present = false;
	mrkm_sender_gone(sender, NULL, now);
	deliver();
	assert_int_equal(status_of(daemon).state, MRKM_RECEIVER_AWAY);
}

/* Every single message may get lost; in the end everything is in place. */
static void test_any_message_lost(void **state)
{
	(void)state;
	for (unsigned int n = 0; n < 12; n++) {
		struct daemon *daemon;
		unsigned int seen = 0;

		teardown(NULL);
		setup(NULL);
		set_key("CORE", 7);
		daemon = daemon_starts(0);
		mrkm_sender_registered(sender, &daemon->peer, now);
		while (queued) {
			struct packet packet = queue[0];

			memmove(queue, queue + 1, --queued * sizeof(queue[0]));
			if (seen++ == n)
				continue;
			if (packet.to_mrkmd)
				mrkm_sender_input(sender, &packet.peer,
						  packet.octets, packet.len,
						  now);
			else
				mrkm_receiver_input(&daemon->end, packet.octets,
						    packet.len);
		}
		advance(60 * SECOND);
		assert_true(is_synced(daemon));
		assert_true(holds_key(daemon, "CORE", 7));
	}
}

static void test_lost_update(void **state)
{
	struct daemon *daemon = daemon_joins(0);

	(void)state;
	set_key("CORE", 7);
	lose_next = 1;
	set_key("CORE", 8);
	assert_true(holds_key(daemon, "CORE", 7));
	/* The next one shows the gap at once. */
	set_key("EDGE", 9);
	assert_int_equal(daemon->end.counters[MRKM_ERR_OUT_OF_ORDER], 1);
	assert_int_equal(counter(MRKM_ERR_OUT_OF_ORDER), 1);
	advance(2 * SECOND);
	assert_true(holds_key(daemon, "CORE", 8));
	assert_true(holds_key(daemon, "EDGE", 9));
	assert_true(is_synced(daemon));
}

static void test_no_answer(void **state)
{
	struct daemon *daemon = daemon_joins(0);

	(void)state;
	daemon->present = false; /* zebra has not noticed */
	set_key("CORE", 7);
	assert_int_equal(status_of(daemon).state, MRKM_RECEIVER_SYNCING);
	advance(1000 * SECOND);
	/* Not asked for ever. */
	assert_int_equal(status_of(daemon).state, MRKM_RECEIVER_AWAY);
	assert_true(counter(MRKM_ERR_NO_ANSWER) > 3);
	assert_true(counter(MRKM_ERR_NO_ANSWER) < 20);
	assert_true(mrkm_sender_deadline(sender) == KEYTABLE_NEVER);
	daemon = daemon_joins(0);
	assert_true(holds_key(daemon, "CORE", 7));
}

/* ------------------------------------------------------------------ reports */

static void test_refused_key_chain(void **state)
{
	struct daemon *daemon = daemon_joins(0);

	(void)state;
	daemon->keys_err = -MRKM_ERR_CHAIN_BUSY;
	set_key("CORE", 7);
	assert_int_equal(last_result.result, MRKM_ERR_CHAIN_BUSY);
	assert_int_equal(last_result.id, 7);
	assert_int_equal(status_of(daemon).keys_refused, 1);
	/* The receiver has answered: nothing to repeat. */
	assert_true(is_synced(daemon));
}

static void test_report_unasked(void **state)
{
	struct daemon *daemon = daemon_joins(0);
	struct mrkm_msg_result result = { 7, MRKM_ERR_CONFLICT };

	(void)state;
	set_key("CORE", 7);
	result_calls = 0;
	assert_int_equal(mrkm_receiver_report(&daemon->end, "CORE", OSPFV2,
					      MRKM_ERR_CONFLICT, &result, 1),
			 0);
	deliver();
	assert_int_equal(result_calls, 2); /* the key chain, the key */
	assert_int_equal(last_result.result, MRKM_ERR_CONFLICT);
	assert_int_equal(counter(MRKM_ERR_CONFLICT), 2);
	assert_true(is_synced(daemon));
	/* The same again is no news. */
	mrkm_receiver_report(&daemon->end, "CORE", OSPFV2, MRKM_ERR_CONFLICT,
			     &result, 1);
	deliver();
	assert_int_equal(result_calls, 2);
	result.result = MRKM_ERR_OK;
	mrkm_receiver_report(&daemon->end, "CORE", OSPFV2, MRKM_ERR_OK, &result,
			     1);
	deliver();
	assert_int_equal(last_result.result, MRKM_ERR_OK);
	mrkm_receiver_disconnected(&daemon->end);
	assert_int_equal(mrkm_receiver_report(&daemon->end, "CORE", OSPFV2,
					      MRKM_ERR_OK, &result, 1),
			 -MRKM_ERR_OUT_OF_SESSION);
}

static void count_key(void *arg, const struct mrkm_key_status *status)
{
	unsigned int *counts = arg;

	counts[status->id ? 1 : 0]++;
	assert_string_equal(status->daemon, "ospfd");
	assert_int_equal(status->result, MRKM_ERR_OK);
}

static void test_visit_keys(void **state)
{
	unsigned int counts[2] = { 0 };

	(void)state;
	daemon_joins(0);
	daemon_joins(1);
	set_key("CORE", 7);
	set_key("EDGE", 8);
	mrkm_sender_visit_keys(sender, count_key, counts);
	assert_int_equal(counts[0], 4);
	assert_int_equal(counts[1], 4);
}

static void test_what_cannot_be_set(void **state)
{
	struct keytable_row row = make_row(1), rows[KEYTABLE_ROWS_MAX + 1];

	(void)state;
	assert_int_equal(mrkm_sender_set(sender, "", OSPFV2, "C", &row, 1, now),
			 -MRKM_ERR_BAD_TEXT);
	assert_int_equal(mrkm_sender_set(sender, "CORE", OSPFV2, "a b", &row, 1,
					 now),
			 -MRKM_ERR_BAD_TEXT);
	assert_int_equal(mrkm_sender_set(sender, "CORE", 99, "C", NULL, 0, now),
			 -MRKM_ERR_PROTOCOL);
	row.protocol = 204;
	assert_int_equal(mrkm_sender_set(sender, "CORE", OSPFV2, "C", &row, 1,
					 now),
			 -MRKM_ERR_PROTOCOL);
	assert_int_equal(mrkm_sender_set(sender, "CORE", OSPFV2, "C", rows,
					 KEYTABLE_ROWS_MAX + 1, now),
			 -MRKM_ERR_LIMIT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		channel_test(test_receiver_joins),
		channel_test(test_only_changes_are_sent),
		channel_test(test_several_receivers),
		channel_test(test_capability_not_known_yet),
		channel_test(test_obstacles),
		channel_test(test_bind_before_keys),
		channel_test(test_unset),
		channel_test(test_receiver_restarts),
		channel_test(test_gone_comes_late),
		channel_test(test_mrkmd_restarts),
		channel_test(test_zebra_restarts),
		channel_test(test_all_are_gone),
		channel_test(test_any_message_lost),
		channel_test(test_lost_update),
		channel_test(test_no_answer),
		channel_test(test_refused_key_chain),
		channel_test(test_report_unasked),
		channel_test(test_visit_keys),
		channel_test(test_what_cannot_be_set),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
