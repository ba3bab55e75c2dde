// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Tests of modules/mrkm_chain.c: key chains that the daemon's configuration
 * names, with or without mrkmd.
 */
#include "test_chain_util.h"

static struct mrkm_usage usages[MRKM_BINDINGS_MAX + 1];
static size_t usage_count;

/* As the module does, every time it runs. */
static void look(void)
{
	mrkm_chains_named(&chains, usages, usage_count, now);
	next_run = mrkm_chains_run(&chains, now);
}

static void look_later(uint64_t wait)
{
	for (uint64_t end = now + wait; now < end;) {
		advance_to(now + MRKM_CHAIN_POLL);
		look();
	}
}

static void name(const char *chain, bool exposed)
{
	usage_count = 1;
	usages[0].exposed = exposed;
	strcpy(usages[0].key_chain, chain);
}

static struct keytable_row row_for_ever(void)
{
	return make_row(7, now, KEYTABLE_NEVER, KEYTABLE_NEVER);
}

/* A daemon that mrkmd has not reached sends nothing that others accept. */
static void test_closed_before_mrkmd(void **state)
{
	struct keytable_row row = row_for_ever();

	(void)state;
	name("CHAIN", false);
	look();
	assert_int_equal(sends("CHAIN"), LAST);
	assert_int_equal(accepts("CHAIN", 1), LAST);
	assert_int_equal(order_keys(&row, 1), 0);
	assert_int_equal(sends("CHAIN"), 7);
	assert_int_equal(open_senders("CHAIN"), 1);
}

static void test_closed_after_withdrawal(void **state)
{
	struct keytable_row row = row_for_ever();

	(void)state;
	name("CHAIN", false);
	look();
	order_keys(&row, 1);
	look();
	order_withdraw();
	assert_int_equal(sends("CHAIN"), LAST);
	look_later(2 * MRKM_CHAIN_GRACE);
	assert_int_equal(sends("CHAIN"), LAST);
	assert_int_equal(key_count("CHAIN"), 1);
}

static void test_named_no_longer(void **state)
{
	(void)state;
	name("CHAIN", false);
	look();
	usage_count = 0;
	look();
	assert_int_equal(sends("CHAIN"), NOBODY);
	look_later(2 * MRKM_CHAIN_GRACE);
	assert_int_equal(key_count("CHAIN"), 0);
	for (size_t i = 0; i < MRKM_BINDINGS_MAX; i++)
		assert_null(chains.bindings[i]);
}

/* What the operator made by hand, and mrkmd never spoke of, is his alone. */
static void test_made_by_hand(void **state)
{
	(void)state;
	operator_key("CHAIN", 1, "by hand");
	name("CHAIN", false);
	look();
	look_later(2 * MRKM_CHAIN_GRACE);
	assert_int_equal(put_count, 0);
	assert_int_equal(conflicts, 0);
	assert_null(chains.bindings[0]);
}

static void test_hand_made_keys_come_and_go(void **state)
{
	(void)state;
	name("CHAIN", false);
	look();
	operator_key("CHAIN", 1, "by hand");
	look_later(2 * MRKM_CHAIN_GRACE);
	assert_int_equal(sends("CHAIN"), 1);
	assert_int_equal(key_count("CHAIN"), 1);
	assert_null(chains.bindings[0]);

	operator_removes_chain("CHAIN");
	look();
	assert_int_equal(sends("CHAIN"), LAST);
	assert_int_equal(conflicts, 0);
}

/* A key that would be sent as a password is not put where it can be. */
static void test_exposed(void **state)
{
	struct keytable_row row = row_for_ever();

	(void)state;
	name("CHAIN", true);
	look();
	assert_int_equal(order_keys(&row, 1), -MRKM_ERR_EXPOSED);
	assert_int_equal(results[0], MRKM_ERR_EXPOSED);
	assert_null(find_key("CHAIN", 7));
	assert_int_equal(sends("CHAIN"), NOBODY);

	name("CHAIN", false);
	look();
	assert_int_equal(sends("CHAIN"), 7);
	assert_int_equal(conflicts, 1);
}

static void test_exposed_later(void **state)
{
	struct keytable_row row = row_for_ever();

	(void)state;
	name("CHAIN", false);
	look();
	order_keys(&row, 1);
	name("CHAIN", true);
	look();
	assert_int_equal(sends("CHAIN"), NOBODY);
	assert_int_equal(accepts("CHAIN", 0), NOBODY);
	look_later(2 * MRKM_CHAIN_GRACE);
	assert_int_equal(key_count("CHAIN"), 0);

	order_withdraw();
	look_later(2 * MRKM_CHAIN_GRACE);
	assert_int_equal(sends("CHAIN"), NOBODY);
	name("CHAIN", false);
	look();
	assert_int_equal(sends("CHAIN"), LAST);
}

static void test_no_randomness(void **state)
{
	(void)state;
	name("CHAIN", false);
	random_fails = true;
	look();
	assert_int_equal(key_count("CHAIN"), 0);
	random_fails = false;
	look();
	assert_int_equal(sends("CHAIN"), LAST);
}

static void test_too_many(void **state)
{
	struct keytable_row row = row_for_ever();

	(void)state;
	usage_count = MRKM_BINDINGS_MAX + 1;
	for (size_t i = 0; i < usage_count; i++)
		sprintf(usages[i].key_chain, "C%zu", i);
	look();
	assert_int_equal(sends("C0"), LAST);
	assert_int_equal(sends("C63"), LAST);
	assert_int_equal(key_count("C64"), 0);
	order.key_chain = "C5";
	assert_int_equal(order_keys(&row, 1), 0);
	assert_int_equal(sends("C5"), 7);
	order.key_chain = "C64";
	assert_int_equal(order_keys(&row, 1), -MRKM_ERR_LIMIT);
	assert_int_equal(sends("C5"), LAST);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		chain_test(test_closed_before_mrkmd),
		chain_test(test_closed_after_withdrawal),
		chain_test(test_named_no_longer),
		chain_test(test_made_by_hand),
		chain_test(test_hand_made_keys_come_and_go),
		chain_test(test_exposed),
		chain_test(test_exposed_later),
		chain_test(test_no_randomness),
		chain_test(test_too_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
