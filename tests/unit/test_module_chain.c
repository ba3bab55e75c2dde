// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Which key of a key chain sends and accepts, at every instant.
 */
#include "test_chain_util.h"

static void test_bound_fails_closed(void **state)
{
	(void)state;
	assert_int_equal(order_bind(), 0);
	assert_int_equal(key_count("CHAIN"), 1);
	assert_int_equal(sends("CHAIN"), LAST);
	assert_int_equal(accepts("CHAIN", 1), LAST);
	/* On the wire its ID is 0, with 8 bits and with 16. */
	assert_int_equal(LAST & 0xff, 0);
	assert_int_equal(LAST & 0xffff, 0);
	assert_int_equal(strlen(find_key("CHAIN", LAST)->string),
			 MRKM_LAST_RESORT_LEN);
}

static void test_last_resorts_differ(void **state)
{
	(void)state;
	order_bind();
	order.group = "EDGE";
	order.key_chain = "OTHER";
	order_bind();
	assert_string_not_equal(find_key("CHAIN", LAST)->string,
				find_key("OTHER", LAST)->string);
}

static void test_no_randomness_no_chain(void **state)
{
	(void)state;
	random_fails = true;
	assert_int_equal(order_bind(), -MRKM_ERR_CRYPTO);
	assert_int_equal(key_count("CHAIN"), 0);
}

static void test_one_key(void **state)
{
	struct keytable_row row =
		make_row(7, now, now + 100 * SECOND, now + 100 * SECOND);

	(void)state;
	assert_int_equal(order_keys(&row, 1), 0);
	assert_int_equal(results[0], MRKM_ERR_OK);
	assert_int_equal(sends("CHAIN"), 7);
	assert_int_equal(accepts("CHAIN", 7), 7);
	assert_int_equal(reported_sender, 7);
	/* The last resort has stepped back. */
	assert_int_equal(open_senders("CHAIN"), 1);
	assert_int_equal(accepts("CHAIN", 8), NOBODY);
}

static void test_expiry_fails_closed(void **state)
{
	uint64_t end = now + 100 * SECOND + 1;
	struct keytable_row row = make_row(7, now, end, end);

	(void)state;
	order_keys(&row, 1);
	advance_to(end - 1);
	assert_int_equal(sends("CHAIN"), 7);
	advance_to(end);
	assert_int_equal(sends("CHAIN"), LAST);
	assert_int_equal(accepts("CHAIN", 7), LAST);
	assert_int_equal(reported_sender, 0);
	/* Kept for a packet that is on its way, then gone. */
	assert_non_null(find_key("CHAIN", 7));
	advance_to(end + MRKM_CHAIN_GRACE);
	assert_null(find_key("CHAIN", 7));
	assert_int_equal(key_count("CHAIN"), 1);
	advance_to(end + 1000 * SECOND);
	assert_int_equal(sends("CHAIN"), LAST);
}

/*
 * The rollover: accept the new one at once, send with it from ATD, accept
 * the old one until DTD.  IDs in either order, since libfrr takes the lowest.
 */
static void roll(uint32_t old_id, uint32_t new_id)
{
	uint64_t atd = now + 5 * SECOND + 123456;
	uint64_t dtd = now + 15 * SECOND + 654321;
	struct keytable_row rows[2] = {
		make_row(old_id, now, now + 3600 * SECOND, now + 3600 * SECOND),
	};

	order_keys(rows, 1);
	advance_to(now + SECOND);
	rows[0] = make_row(old_id, now - SECOND, atd, dtd);
	rows[1] =
		make_row(new_id, atd, atd + 3600 * SECOND, atd + 3600 * SECOND);
	order_keys(rows, 2);
	assert_int_equal(sends("CHAIN"), old_id);
	assert_int_equal(accepts("CHAIN", new_id), new_id);

	for (uint64_t t = now; t < atd; t += 99991) {
		advance_to(t);
		assert_int_equal(sends("CHAIN"), old_id);
		assert_int_equal(open_senders("CHAIN"), 1);
	}
	advance_to(atd - 1);
	assert_int_equal(sends("CHAIN"), old_id);
	advance_to(atd);
	assert_int_equal(sends("CHAIN"), new_id);
	assert_int_equal(open_senders("CHAIN"), 1);
	assert_int_equal(reported_sender, new_id);
	advance_to(dtd - 1);
	assert_int_equal(accepts("CHAIN", old_id), old_id);
	advance_to(dtd);
	assert_int_equal(sends("CHAIN"), new_id);
	assert_true(accepts("CHAIN", old_id) != old_id);
	advance_to(dtd + MRKM_CHAIN_GRACE);
	assert_null(find_key("CHAIN", old_id));
	assert_int_equal(key_count("CHAIN"), 2); /* and the last resort */
}

static void test_roll_upwards(void **state)
{
	(void)state;
	roll(7, 8);
}

static void test_roll_downwards(void **state)
{
	(void)state;
	roll(255, 1);
}

static void test_roll_twenty_times(void **state)
{
	struct keytable_row rows[2];
	uint64_t begun = now;

	(void)state;
	rows[0] = make_row(1, now, KEYTABLE_NEVER, KEYTABLE_NEVER);
	order_keys(rows, 1);
	for (uint32_t i = 0; i < 20; i++) {
		uint64_t atd = now + 2 * SECOND, dtd = now + 4 * SECOND;

		rows[0].send_end = atd;
		rows[0].accept_end = dtd;
		rows[1] = make_row(2 + i, atd, KEYTABLE_NEVER, KEYTABLE_NEVER);
		order_keys(rows, 2);
		for (int step = 0; step < 60; step++) {
			advance_to(now + SECOND / 10);
			assert_int_equal(open_senders("CHAIN"), 1);
			assert_int_equal(sends("CHAIN"),
					 now < atd ? rows[0].id : rows[1].id);
		}
		rows[0] = rows[1];
		order_keys(rows, 1);
	}
	advance_to(now + MRKM_CHAIN_GRACE);
	assert_int_equal(key_count("CHAIN"), 2);
	assert_true(now > begun);
}

/* Overlapping windows are the server's fault; the youngest sends (RFC 7210). */
static void test_overlap(void **state)
{
	struct keytable_row rows[3] = {
		make_row(1, now - 2 * SECOND, KEYTABLE_NEVER, KEYTABLE_NEVER),
		make_row(9, now - 1 * SECOND, KEYTABLE_NEVER, KEYTABLE_NEVER),
		make_row(5, now - 1 * SECOND, KEYTABLE_NEVER, KEYTABLE_NEVER),
	};

	(void)state;
	order_keys(rows, 3);
	assert_int_equal(sends("CHAIN"), 5);
	assert_int_equal(open_senders("CHAIN"), 1);
}

static void test_gap_fails_closed(void **state)
{
	struct keytable_row rows[2] = {
		make_row(1, now, now + SECOND, now + SECOND),
		make_row(2, now + 3 * SECOND, KEYTABLE_NEVER, KEYTABLE_NEVER),
	};

	(void)state;
	rows[1].accept_start = now + 3 * SECOND;
	order_keys(rows, 2);
	advance_to(now + SECOND);
	assert_int_equal(sends("CHAIN"), LAST);
	assert_int_equal(accepts("CHAIN", 1), LAST);
	advance_to(now + 2 * SECOND);
	assert_int_equal(sends("CHAIN"), 2);
}

static void test_directions(void **state)
{
	struct keytable_row rows[3] = {
		make_row(1, 0, KEYTABLE_NEVER, KEYTABLE_NEVER),
		make_row(2, 0, KEYTABLE_NEVER, KEYTABLE_NEVER),
		make_row(3, 0, KEYTABLE_NEVER, KEYTABLE_NEVER),
	};

	(void)state;
	rows[0].direction = KEYTABLE_IN;
	rows[1].direction = KEYTABLE_OUT;
	rows[2].direction = KEYTABLE_DISABLED;
	order_keys(rows, 3);
	assert_int_equal(sends("CHAIN"), 2);
	assert_int_equal(accepts("CHAIN", 1), 1);
	assert_int_equal(accepts("CHAIN", 2), NOBODY);
}

/*
 * Whatever is ordered, in whatever order: exactly one key sends in a key
 * chain that is ours, and it is the last resort only when no other could.
 */
static void test_random_orders(void **state)
{
	unsigned int seed = 7;

	(void)state;
	for (int round = 0; round < 2000; round++) {
		struct keytable_row rows[4];
		size_t count = (size_t)rand_r(&seed) % 4;
		bool could_send = false;

		for (size_t i = 0; i < count; i++) {
			uint64_t from =
				now + (uint64_t)rand_r(&seed) % 4 * SECOND;

			rows[i] = make_row(
				(uint32_t)rand_r(&seed) % 12 + 1, from,
				from + (uint64_t)rand_r(&seed) % 8 * SECOND,
				from + (uint64_t)rand_r(&seed) % 9 * SECOND);
		}
		order_keys(rows, count);
		advance_to(now + (uint64_t)rand_r(&seed) % (3 * SECOND));
		assert_int_equal(open_senders("CHAIN"), 1);
		for (size_t i = 0; i < count; i++)
			could_send |= results[i] == MRKM_ERR_OK &&
				      keytable_row_can_send(&rows[i], now);
		assert_int_equal(sends("CHAIN") != LAST, could_send);
	}
	assert_int_equal(conflicts, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		chain_test(test_bound_fails_closed),
		chain_test(test_last_resorts_differ),
		chain_test(test_no_randomness_no_chain),
		chain_test(test_one_key),
		chain_test(test_expiry_fails_closed),
		chain_test(test_roll_upwards),
		chain_test(test_roll_downwards),
		chain_test(test_roll_twenty_times),
		chain_test(test_overlap),
		chain_test(test_gap_fails_closed),
		chain_test(test_directions),
		chain_test(test_random_orders),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
