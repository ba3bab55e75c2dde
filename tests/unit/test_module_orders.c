// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a key chain holds after every order of mrkmd and every change by the
 * operator.
 */
#include "test_chain_util.h"

static void test_refusals(void **state)
{
	struct keytable_row rows[6];

	(void)state;
	for (uint32_t i = 0; i < 6; i++)
		rows[i] = make_row(i + 1, now, now + SECOND, now + SECOND);
	rows[1].algorithm = KEYTABLE_HMAC_SHA_512;
	rows[2].key[5] = '\0';
	rows[3].id = 300;
	rows[4].send_end = rows[4].accept_end = now;
	rows[5].id = 1;
	assert_int_equal(order_keys(rows, 6), 0);
	assert_int_equal(results[0], MRKM_ERR_OK);
	assert_int_equal(results[1], MRKM_ERR_ALGORITHM);
	assert_int_equal(results[2], MRKM_ERR_BAD_KEY);
	assert_int_equal(results[3], MRKM_ERR_BAD_KEY);
	assert_int_equal(results[4], MRKM_ERR_EXPIRED);
	assert_int_equal(results[5], MRKM_ERR_BAD_VALUE);
	assert_int_equal(key_count("CHAIN"), 2);

	order.protocol = 204;
	assert_int_equal(order_keys(rows, 1), -MRKM_ERR_PROTOCOL);
}

static void test_replaced_exactly(void **state)
{
	struct keytable_row rows[2] = {
		make_row(1, now, KEYTABLE_NEVER, KEYTABLE_NEVER),
		make_row(2, now, KEYTABLE_NEVER, KEYTABLE_NEVER),
	};

	(void)state;
	order_keys(rows, 2);
	order_keys(&rows[0], 1);
	assert_int_equal(sends("CHAIN"), 1);
	assert_int_equal(accepts("CHAIN", 2), NOBODY);
	advance_to(now + MRKM_CHAIN_GRACE);
	assert_null(find_key("CHAIN", 2));
	order_keys(NULL, 0);
	assert_int_equal(sends("CHAIN"), LAST);
	advance_to(now + MRKM_CHAIN_GRACE);
	assert_int_equal(key_count("CHAIN"), 1);
}

/* The same order again touches nothing. */
static void test_repeated(void **state)
{
	struct keytable_row row =
		make_row(1, now, KEYTABLE_NEVER, KEYTABLE_NEVER);
	unsigned int before;

	(void)state;
	order_keys(&row, 1);
	before = put_count;
	order_keys(&row, 1);
	assert_int_equal(put_count, before);
	/* Nor does one for a key that was on its way out, but to open it. */
	order_keys(NULL, 0);
	order_keys(&row, 1);
	assert_int_equal(put_count, before);
	assert_int_equal(sends("CHAIN"), 1);
	advance_to(now + 2 * MRKM_CHAIN_GRACE);
	assert_int_equal(sends("CHAIN"), 1);
}

static void test_same_id_other_key(void **state)
{
	struct keytable_row row =
		make_row(1, now, KEYTABLE_NEVER, KEYTABLE_NEVER);

	(void)state;
	order_keys(&row, 1);
	memset(row.key, 'Z', 32);
	assert_int_equal(order_keys(&row, 1), 0);
	assert_int_equal(conflicts, 0);
	assert_int_equal(find_key("CHAIN", 1)->string[0], 'Z');
	assert_int_equal(sends("CHAIN"), 1);
	row.algorithm = KEYTABLE_KEYED_MD5;
	row.key_len = 16;
	assert_int_equal(order_keys(&row, 1), 0);
	assert_int_equal(find_key("CHAIN", 1)->algorithm, KEYTABLE_KEYED_MD5);
	assert_int_equal(strlen(find_key("CHAIN", 1)->string), 16);
	assert_int_equal(conflicts, 0);
}

static void test_withdrawn_leaves_nothing(void **state)
{
	struct keytable_row row =
		make_row(1, now, KEYTABLE_NEVER, KEYTABLE_NEVER);

	(void)state;
	order_keys(&row, 1);
	order_withdraw();
	assert_int_equal(sends("CHAIN"), NOBODY);
	assert_int_equal(accepts("CHAIN", 0), NOBODY);
	advance_to(now + MRKM_CHAIN_GRACE);
	assert_int_equal(key_count("CHAIN"), 0);
	assert_true(next_run == KEYTABLE_NEVER);
	for (size_t i = 0; i < MRKM_BINDINGS_MAX; i++)
		assert_null(chains.bindings[i]);
}

/* Withdrawn and wanted again while the keys are on their way out. */
static void test_withdrawn_and_back(void **state)
{
	struct keytable_row row =
		make_row(1, now, KEYTABLE_NEVER, KEYTABLE_NEVER);

	(void)state;
	order_keys(&row, 1);
	order_withdraw();
	advance_to(now + SECOND);
	order.group = "EDGE";
	assert_int_equal(order_keys(&row, 1), 0);
	assert_int_equal(conflicts, 0);
	assert_int_equal(sends("CHAIN"), 1);
	advance_to(now + 2 * MRKM_CHAIN_GRACE);
	assert_int_equal(sends("CHAIN"), 1);
	assert_int_equal(key_count("CHAIN"), 2);
}

static void test_moves_to_another_chain(void **state)
{
	struct keytable_row row =
		make_row(1, now, KEYTABLE_NEVER, KEYTABLE_NEVER);

	(void)state;
	order_keys(&row, 1);
	order.key_chain = "OTHER";
	assert_int_equal(order_keys(&row, 1), 0);
	assert_int_equal(sends("CHAIN"), NOBODY);
	assert_int_equal(sends("OTHER"), 1);
	advance_to(now + MRKM_CHAIN_GRACE);
	assert_int_equal(key_count("CHAIN"), 0);
}

static void test_chain_of_another_group(void **state)
{
	struct keytable_row row =
		make_row(1, now, KEYTABLE_NEVER, KEYTABLE_NEVER);

	(void)state;
	order_keys(&row, 1);
	order.group = "EDGE";
	row.id = 2;
	assert_int_equal(order_keys(&row, 1), -MRKM_ERR_CHAIN_BUSY);
	assert_int_equal(order_bind(), -MRKM_ERR_CHAIN_BUSY);
	assert_int_equal(sends("CHAIN"), 1);
	assert_null(find_key("CHAIN", 2));
	/* Nor does the group stay where it was. */
	order.key_chain = "OTHER";
	assert_int_equal(order_keys(&row, 1), 0);
	order.key_chain = "CHAIN";
	assert_int_equal(order_keys(&row, 1), -MRKM_ERR_CHAIN_BUSY);
	assert_int_equal(sends("OTHER"), NOBODY);
	assert_int_equal(sends("CHAIN"), 1);
}

static void test_binding_limit(void **state)
{
	char name[16];

	(void)state;
	order.group = order.key_chain = name;
	for (int i = 0; i < MRKM_BINDINGS_MAX; i++) {
		snprintf(name, sizeof(name), "c%d", i);
		assert_int_equal(order_bind(), 0);
	}
	strcpy(name, "more");
	assert_int_equal(order_bind(), -MRKM_ERR_LIMIT);
	assert_int_equal(key_count("more"), 0);
}

static void test_row_limit(void **state)
{
	struct keytable_row rows[KEYTABLE_ROWS_MAX];

	(void)state;
	for (int round = 0; round < 2; round++) {
		for (uint32_t i = 0; i < KEYTABLE_ROWS_MAX; i++)
			rows[i] = make_row(
				1 + i + KEYTABLE_ROWS_MAX * (uint32_t)round,
				now, KEYTABLE_NEVER, KEYTABLE_NEVER);
		order_keys(rows, KEYTABLE_ROWS_MAX);
		for (size_t i = 0; i < KEYTABLE_ROWS_MAX; i++)
			assert_int_equal(results[i], MRKM_ERR_OK);
	}
	/* A third set at once: those on their way out have the places. */
	rows[0].id = 250;
	order_keys(rows, 1);
	assert_int_equal(results[0], MRKM_ERR_LIMIT);
	assert_int_equal(sends("CHAIN"), LAST);
	advance_to(now + MRKM_CHAIN_GRACE);
	order_keys(rows, 1);
	assert_int_equal(results[0], MRKM_ERR_OK);
}

/* -------------------------------------------------------------- the operator */

static void test_chain_configured_before(void **state)
{
	struct keytable_row row =
		make_row(7, now, KEYTABLE_NEVER, KEYTABLE_NEVER);

	(void)state;
	operator_key("CHAIN", 1, "by hand");
	assert_int_equal(order_bind(), -MRKM_ERR_CONFLICT);
	assert_int_equal(order_keys(&row, 1), -MRKM_ERR_CONFLICT);
	assert_int_equal(results[0], MRKM_ERR_CONFLICT);
	assert_int_equal(conflicts, 1);
	assert_true(reported_conflict);
	assert_int_equal(key_count("CHAIN"), 1);
	assert_int_equal(sends("CHAIN"), 1);

	operator_removes_chain("CHAIN");
	advance_to(now + MRKM_CHAIN_POLL);
	assert_false(reported_conflict);
	assert_int_equal(sends("CHAIN"), 7);
	assert_int_equal(reported_sender, 7);
}

static void test_operator_takes_over(void **state)
{
	struct keytable_row row =
		make_row(7, now, KEYTABLE_NEVER, KEYTABLE_NEVER);

	(void)state;
	order_keys(&row, 1);
	operator_key("CHAIN", 9, "by hand");
	advance_to(now + MRKM_CHAIN_POLL);
	assert_true(reported_conflict);
	assert_int_equal(sends("CHAIN"), 9);
	assert_int_equal(open_senders("CHAIN"), 1);
	assert_int_equal(accepts("CHAIN", 7), 9);
	advance_to(now + MRKM_CHAIN_GRACE + MRKM_CHAIN_POLL);
	assert_int_equal(key_count("CHAIN"), 1);

	delete_key(find_key("CHAIN", 9));
	advance_to(now + MRKM_CHAIN_POLL);
	assert_false(reported_conflict);
	assert_int_equal(conflicts, 2);
	assert_int_equal(sends("CHAIN"), 7);
}

/* An ID of ours, and a string of the same length, perhaps where ours was. */
static void test_operator_takes_our_id(void **state)
{
	struct keytable_row row =
		make_row(7, now, KEYTABLE_NEVER, KEYTABLE_NEVER);

	(void)state;
	order_keys(&row, 1);
	operator_key("CHAIN", 7, "0123456789abcdef0123456789abcdef");
	advance_to(now + MRKM_CHAIN_POLL);
	assert_true(reported_conflict);
	advance_to(now + 2 * MRKM_CHAIN_GRACE);
	assert_int_equal(key_count("CHAIN"), 1);
	assert_string_equal(find_key("CHAIN", 7)->string,
			    "0123456789abcdef0123456789abcdef");
}

static void test_operator_begins_a_key(void **state)
{
	(void)state;
	order_bind();
	operator_key("CHAIN", 3, NULL);
	advance_to(now + MRKM_CHAIN_POLL);
	assert_true(reported_conflict);
}

static void test_operator_begins_our_key(void **state)
{
	struct keytable_row row =
		make_row(7, now, KEYTABLE_NEVER, KEYTABLE_NEVER);

	(void)state;
	order_keys(&row, 1);
	operator_key("CHAIN", 7, NULL);
	advance_to(now + MRKM_CHAIN_POLL);
	assert_true(reported_conflict);
	assert_int_equal(sends("CHAIN"), NOBODY);
	advance_to(now + 2 * MRKM_CHAIN_GRACE);
	assert_int_equal(key_count("CHAIN"), 1);
	assert_null(find_key("CHAIN", 7)->string);
	delete_key(find_key("CHAIN", 7));
	advance_to(now + MRKM_CHAIN_POLL);
	assert_int_equal(sends("CHAIN"), 7);
}

static void test_operator_removes_our_chain(void **state)
{
	struct keytable_row row =
		make_row(7, now, KEYTABLE_NEVER, KEYTABLE_NEVER);

	(void)state;
	order_keys(&row, 1);
	operator_removes_chain("CHAIN");
	advance_to(now + MRKM_CHAIN_POLL);
	assert_int_equal(conflicts, 0);
	assert_int_equal(sends("CHAIN"), 7);
	assert_int_equal(key_count("CHAIN"), 2);
}

static void test_withdrawn_in_conflict(void **state)
{
	struct keytable_row row =
		make_row(7, now, KEYTABLE_NEVER, KEYTABLE_NEVER);

	(void)state;
	order_keys(&row, 1);
	operator_key("CHAIN", 9, "by hand");
	advance_to(now + MRKM_CHAIN_POLL);
	order_withdraw();
	advance_to(now + 2 * MRKM_CHAIN_GRACE);
	assert_int_equal(key_count("CHAIN"), 1);
	assert_int_equal(sends("CHAIN"), 9);
}

/* -------------------------------------------------------- mrkmd comes and goes */

static void test_synced(void **state)
{
	struct keytable_row row =
		make_row(7, now, KEYTABLE_NEVER, KEYTABLE_NEVER);

	(void)state;
	/* Of an earlier mrkmd, of this one, and of this session. */
	order_keys(&row, 1);
	order = (struct mrkm_order){ "EDGE", OSPFV2, "OTHER", 2, 1 };
	order_keys(&row, 1);
	order = (struct mrkm_order){ "LAN", OSPFV2, "THIRD", 2, 2 };
	order_keys(&row, 1);
	mrkm_chains_synced(&chains, 2, 2, now);
	assert_int_equal(sends("CHAIN"), 7);
	assert_int_equal(sends("OTHER"), NOBODY);
	assert_int_equal(sends("THIRD"), 7);
}

/* A new mrkmd that has no keys yet says nothing about those of the last. */
static void test_bound_again(void **state)
{
	struct keytable_row row =
		make_row(7, now, KEYTABLE_NEVER, KEYTABLE_NEVER);

	(void)state;
	order_keys(&row, 1);
	order.boot = 2;
	assert_int_equal(order_bind(), 0);
	mrkm_chains_synced(&chains, 2, 1, now);
	advance_to(now + 100 * SECOND);
	assert_int_equal(sends("CHAIN"), 7);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		chain_test(test_refusals),
		chain_test(test_replaced_exactly),
		chain_test(test_repeated),
		chain_test(test_same_id_other_key),
		chain_test(test_withdrawn_leaves_nothing),
		chain_test(test_withdrawn_and_back),
		chain_test(test_moves_to_another_chain),
		chain_test(test_chain_of_another_group),
		chain_test(test_binding_limit),
		chain_test(test_row_limit),
		chain_test(test_chain_configured_before),
		chain_test(test_operator_takes_over),
		chain_test(test_operator_takes_our_id),
		chain_test(test_operator_begins_a_key),
		chain_test(test_operator_begins_our_key),
		chain_test(test_operator_removes_our_chain),
		chain_test(test_withdrawn_in_conflict),
		chain_test(test_synced),
		chain_test(test_bound_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
