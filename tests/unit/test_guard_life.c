// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the module in zebra makes of what others removed, and of what it finds when
 * it or a routing daemon starts again.
 */
#include "test_guard_util.h"

/* What was in the kernel stays. */
static void restart_zebra(void)
{
	mrkm_guard_fini(&guard);
	mrkm_guard_init(&guard, &guard_ops, &fake_transport, &fake, now);
}

static void test_removed_by_others(void **state)
{
	(void)state;
	start_pim();
	mrkm_image_clear(&fake.image);
	mrkm_guard_doubt(&guard);
	run();
	assert_int_equal(sends(1), 300);
	assert_true(filtered(1));
	assert_non_null(fake_kernel_sa(&fake, 300, &all_pim));
	assert_int_equal(guard.restored, 1);
}

static void test_restart_of_zebra(void **state)
{
	struct keytable_row row = pim_row(300);

	(void)state;
	start_pim();
	restart_zebra();
	fake.messages = 0;
	run();
	assert_int_equal(sends(1), 300);
	give(&pimd, "CORE", &row, 1);
	protect(&pimd, "CORE", "eth0", NULL);
	mrkm_guard_synced(&guard, &pimd, now);
	run();
	/* all was as it should be */
	assert_int_equal(fake.messages, 0);
	/* what is adopted is not an orphan any more */
	mrkm_guard_withdraw(&guard, &pimd, "CORE");
	run();
	assert_int_equal(fake.image.sps.count, 0);
}

static void test_orphans_go_in_time(void **state)
{
	(void)state;
	start_pim();
	restart_zebra();
	assert_int_equal(run(), now + MRKM_GUARD_PATIENCE);
	assert_int_equal(sends(1), 300);
	now += MRKM_GUARD_PATIENCE;
	run();
	assert_int_equal(fake.image.sas.count + fake.image.sps.count +
				 fake.image.filters.count,
			 0);
}

/* A key whose lifetime is over in the kernel is not put there again. */
static void test_orphans_expire(void **state)
{
	(void)state;
	start_pim();
	restart_zebra();
	run();
	assert_non_null(fake_kernel_sa(&fake, 300, &all_pim));
	forget_sas();
	run();
	assert_null(fake_kernel_sa(&fake, 300, &all_pim));
	/* what keeps the interface closed stays */
	assert_true(filtered(1));
	assert_non_null(fake_kernel_sp(&fake, 1, false, &all_pim));
}

static void test_restart_of_daemon(void **state)
{
	struct mrkm_guard_speaker reborn = { MRKM_TRAFFIC_PIM, 9, 2 };
	struct keytable_row row = pim_row(300);

	(void)state;
	start_pim();
	mrkm_guard_gone(&guard, MRKM_TRAFFIC_PIM, now);
	run();
	assert_int_equal(sends(1), 300);
	/* it is back, and has not read its configuration yet */
	mrkm_guard_synced(&guard, &reborn, now);
	now += 5 * SECOND;
	run();
	assert_int_equal(sends(1), 300);
	give(&reborn, "CORE", &row, 1);
	protect(&reborn, "CORE", "eth0", NULL);
	now += 2 * MRKM_GUARD_PATIENCE;
	run();
	assert_int_equal(sends(1), 300);
	/* it ends for good */
	mrkm_guard_gone(&guard, MRKM_TRAFFIC_PIM, now);
	now += MRKM_GUARD_PATIENCE;
	run();
	assert_int_equal(fake.image.sps.count, 0);
}

static void test_not_repeated(void **state)
{
	struct mrkm_guard_speaker again = { MRKM_TRAFFIC_PIM, 7, 2 };

	(void)state;
	protect(&pimd, "CORE", "eth0", NULL);
	run();
	protect(&again, "OTHER", "eth1", NULL);
	mrkm_guard_synced(&guard, &again, now);
	run();
	assert_null(fake_kernel_sp(&fake, 1, false, &all_pim));
	assert_int_equal(sends(2), 0);
}

static void test_lists_fail(void **state)
{
	struct keytable_row row = pim_row(300);

	(void)state;
	fake.no_lists = true;
	give(&pimd, "CORE", &row, 1);
	protect(&pimd, "CORE", "eth0", NULL);
	assert_int_equal(run(), now + SECOND);
	assert_int_equal(fake.messages, 0);
	fake.no_lists = false;
	now += SECOND;
	run();
	assert_int_equal(sends(1), 300);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_removed_by_others),  TEST(test_restart_of_zebra),
		TEST(test_orphans_go_in_time), TEST(test_orphans_expire),
		TEST(test_restart_of_daemon),  TEST(test_not_repeated),
		TEST(test_lists_fail),
	};

	return cmocka_run_group_tests_name("guard_life", tests, NULL, NULL);
}
