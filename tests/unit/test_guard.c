// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the module in zebra keeps the kernel to, against a kernel in memory.
 */
#include "test_guard_util.h"

/* ----------------------------------------------------------------- closed or open */

static void test_nothing_wanted(void **state)
{
	(void)state;
	run();
	assert_int_equal(fake.messages, 0);
}

static void test_closed_without_key(void **state)
{
	(void)state;
	protect(&pimd, "CORE", "eth0", NULL);
	run();
	assert_int_equal(sends(1), 0);
	assert_true(filtered(1));
	assert_null(fake_kernel_sp(&fake, 2, false, &all_pim));
	assert_false(filtered(2));
	assert_int_equal(mrkm_guard_state(&guard, guard.chains, "eth0"),
			 MRKM_ERR_NO_KEY);
}

static void test_protected(void **state)
{
	struct keytable_row row = pim_row(300);
	const struct mrkm_sa *sa;

	(void)state;
	give(&pimd, "CORE", &row, 1);
	protect(&pimd, "CORE", "eth0", "eth1");
	run();
	assert_int_equal(sends(1), 300);
	assert_int_equal(sends(2), 300);
	sa = fake_kernel_sa(&fake, 300, &all_pim);
	assert_non_null(sa);
	assert_memory_equal(sa->key, row.key, row.key_len);
	assert_int_equal(sa->reqid, MRKM_IPSEC_REQID | MRKM_TRAFFIC_PIM);
	/* one SA for both */
	assert_int_equal(fake.image.sas.count, 1);
	assert_int_equal(told_sender, 300);
	assert_int_equal(mrkm_guard_state(&guard, guard.chains, "eth0"),
			 MRKM_ERR_OK);
}

static void test_keys_of_no_interface(void **state)
{
	struct keytable_row row = pim_row(300);

	(void)state;
	give(&pimd, "CORE", &row, 1);
	run();
	assert_int_equal(fake.messages, 0);
}

static void test_no_command(void **state)
{
	struct keytable_row row = pim_row(300);

	(void)state;
	give(&pimd, "CORE", &row, 1);
	protect(&pimd, "CORE", "eth0", "eth1");
	run();
	protect(&pimd, "CORE", "eth1", NULL);
	run();
	assert_null(fake_kernel_sp(&fake, 1, false, &all_pim));
	assert_false(filtered(1));
	assert_int_equal(sends(2), 300);
	mrkm_guard_withdraw(&guard, &pimd, "CORE");
	run();
	assert_int_equal(fake.image.sas.count + fake.image.sps.count +
				 fake.image.filters.count,
			 0);
}

static void test_expiry_closes(void **state)
{
	uint64_t end = now + 10 * SECOND;
	struct keytable_row row = make_row(203, 300, 0, end, end);

	(void)state;
	give(&pimd, "CORE", &row, 1);
	protect(&pimd, "CORE", "eth0", NULL);
	assert_int_equal(run(), end);
	/* and the kernel forgets the key by itself, should zebra not be there */
	assert_int_equal(sends(1), 300);
	now = end;
	run();
	assert_int_equal(sends(1), 0);
	assert_int_equal(fake.image.sas.count, 0);
	assert_true(filtered(1));
	assert_int_equal(told_sender, 0);
}

/* ------------------------------------------------------------------------ rolling */

/* What the kernel is told has 32 bits: a key for ages is not one for a second. */
static void test_long_life(void **state)
{
	static const uint64_t seconds[] = { UINT32_MAX - 2ull,
					    UINT32_MAX - 1ull, UINT32_MAX,
					    UINT32_MAX + 1ull };
	struct keytable_row row;

	(void)state;
	for (size_t i = 0; i < sizeof(seconds) / sizeof(seconds[0]); i++) {
		row = pim_row(300 + i);
		row.accept_end = row.send_end = now + seconds[i] * SECOND;
		give(&pimd, "PIM", &row, 1);
		protect(&pimd, "PIM", "eth0", NULL);
		run();
		assert_int_equal(sends(1), 300 + i);
		mrkm_for_each(mrkm_sa, sa, &guard.is.sas)
			assert_int_equal(sa->lifetime, UINT32_MAX);
	}
}

/*
 * Inbound new first, outbound at ATD, old inbound removed at DTD; each step is
 * one batch, and touches nothing else.
 */
static void test_roll(void **state)
{
	uint64_t atd = now + 5 * SECOND, dtd = now + 15 * SECOND;
	struct keytable_row rows[] = {
		make_row(203, 300, 0, KEYTABLE_NEVER, KEYTABLE_NEVER),
		make_row(203, 301, atd, KEYTABLE_NEVER, KEYTABLE_NEVER),
	};

	(void)state;
	give(&pimd, "CORE", rows, 1);
	protect(&pimd, "CORE", "eth0", "eth1");
	run();

	rows[0].send_end = atd;
	rows[0].accept_end = dtd;
	give(&pimd, "CORE", rows, 2);
	fake.batches = fake.messages = 0;
	assert_int_equal(run(), atd);
	assert_int_equal(fake.batches, 1);
	assert_int_equal(fake.messages, 1);
	assert_non_null(fake_kernel_sa(&fake, 301, &all_pim));
	assert_int_equal(sends(1), 300);

	now = atd;
	assert_int_equal(run(), dtd);
	assert_int_equal(fake.batches, 2);
	assert_int_equal(fake.messages, 1 + 2);
	assert_int_equal(sends(1), 301);
	assert_int_equal(sends(2), 301);
	assert_non_null(fake_kernel_sa(&fake, 300, &all_pim));

	now = dtd;
	run();
	assert_int_equal(fake.batches, 3);
	assert_int_equal(fake.messages, 1 + 2 + 1);
	assert_null(fake_kernel_sa(&fake, 300, &all_pim));
	assert_int_equal(fake.lists, 5 + 1); /* at the start, and never again */
}

static void test_another_key_under_one_spi(void **state)
{
	struct keytable_row row = pim_row(300);

	(void)state;
	start_pim();
	row.key[0] ^= 1;
	give(&pimd, "CORE", &row, 1);
	run();
	assert_memory_equal(fake_kernel_sa(&fake, 300, &all_pim)->key, row.key,
			    row.key_len);
	/* the policy was without its SA within that batch, as it must be */
	assert_int_equal(fake.dangling, 1);
	fake.dangling = 0;
}

static void test_sender_of_its_own(void **state)
{
	struct keytable_row rows[] = { pim_row(300), pim_row(301) };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		rows[i].ipsec.sn = KEYTABLE_SN_SEQUENTIAL;
		rows[i].ipsec.sender = 1 + i;
	}
	rows[0].direction = KEYTABLE_OUT;
	rows[1].direction = KEYTABLE_IN;
	give(&pimd, "CORE", rows, 2);
	protect(&pimd, "CORE", "eth0", NULL);
	run();
	assert_int_equal(sends(1), 300);
	assert_true(fake_kernel_sa(&fake, 300, &all_pim)->replay);
	assert_true(fake_kernel_sa(&fake, 301, &all_pim)->replay);
	assert_true(fake_kernel_sa(&fake, 300, &all_pim)->only_out);
	assert_false(fake_kernel_sa(&fake, 301, &all_pim)->only_out);
}

/* ----------------------------------------------------------------------- refusals */

static void refused_row(struct keytable_row row, enum mrkm_err reason)
{
	give(&pimd, "CORE", &row, 1);
	protect(&pimd, "CORE", "eth0", NULL);
	run();
	assert_int_equal(sends(1), 0);
	assert_true(filtered(1));
	assert_int_equal(fake.image.sas.count, 0);
	assert_int_equal(guard.chains->results[0], reason);
	assert_int_equal(mrkm_guard_state(&guard, guard.chains, "eth0"),
			 reason);
}

static void test_wrong_length(void **state)
{
	struct keytable_row row = pim_row(300);

	(void)state;
	row.key_len = 31;
	refused_row(row, MRKM_ERR_BAD_KEY);
}

static void test_reserved_spi(void **state)
{
	(void)state;
	refused_row(pim_row(255), MRKM_ERR_BAD_KEY);
}

static void test_unknown_algorithm(void **state)
{
	struct keytable_row row = pim_row(300);

	(void)state;
	row.ipsec.suite.integ = 0;
	refused_row(row, MRKM_ERR_ALGORITHM);
}

static void test_other_protocol(void **state)
{
	(void)state;
	refused_row(make_row(202, 300, 0, KEYTABLE_NEVER, KEYTABLE_NEVER),
		    MRKM_ERR_PROTOCOL);
}

static void test_other_family(void **state)
{
	struct keytable_row row = pim_row(300);

	(void)state;
	row.ipsec.families = KEYTABLE_IPV6;
	refused_row(row, MRKM_ERR_FAMILY);
}

static void test_shared_counter_mode(void **state)
{
	struct keytable_row row = pim_row(300);

	(void)state;
	row.ipsec.suite = (struct keytable_suite){ AES_GCM, 128, 0 };
	row.ipsec.sender_id_bits = 8;
	row.ipsec.sender_id_count = 1;
	row.key_len = 20;
	refused_row(row, MRKM_ERR_SENDER_ID);
}

static void test_no_ipsec(void **state)
{
	(void)state;
	fake.no_ipsec = true;
	refused_row(pim_row(300), MRKM_ERR_KERNEL);
	assert_true(refusals > 0);
	/* its modules are loaded: found out by itself */
	fake.no_ipsec = false;
	now += MRKM_GUARD_RETRY;
	run();
	assert_int_equal(sends(1), 300);
}

static void test_foreign_spi(void **state)
{
	(void)state;
	fake.foreign_spi = 300;
	refused_row(pim_row(300), MRKM_ERR_SPI_BUSY);
}

static void test_two_chains_one_spi(void **state)
{
	struct keytable_row a = pim_row(300), b = pim_row(300);

	(void)state;
	b.key[0] ^= 1;
	give(&pimd, "A", &a, 1);
	protect(&pimd, "A", "eth0", NULL);
	run();
	give(&pimd, "B", &b, 1);
	protect(&pimd, "B", "eth1", NULL);
	run();
	/* the first has it, the other is closed, and it is said */
	assert_int_equal(sends(1), 300);
	assert_int_equal(sends(2), 0);
	assert_int_equal(guard.chains->next->results[0], MRKM_ERR_SPI_BUSY);
	assert_memory_equal(fake_kernel_sa(&fake, 300, &all_pim)->key, a.key,
			    a.key_len);
}

static void test_no_filters(void **state)
{
	const struct mrkm_sp *sp;

	(void)state;
	fake.no_filters = true;
	start_pim();
	assert_int_equal(sends(1), 300);
	sp = fake_kernel_sp(&fake, 0, true, &all_pim);
	assert_non_null(sp);
	assert_false(sp->block);
	assert_int_equal(sp->ip_protocol, 103);
	/* without a key that is closed, too */
	give(&pimd, "CORE", NULL, 0);
	run();
	assert_true(fake_kernel_sp(&fake, 0, true, &all_pim)->block);
}

static void test_probe(void **state)
{
	uint32_t bits = mrkm_kernel_probe(&guard.kernel);
	const struct keytable_transform *gcm =
		keytable_transform_find(KEYTABLE_ENCR, AES_GCM, 256);

	(void)state;
	assert_true(bits & keytable_transform_bit(gcm));
	assert_int_equal(fake.image.sas.count, 0);
	fake.no_encr = AES_GCM;
	bits = mrkm_kernel_probe(&guard.kernel);
	assert_false(bits & keytable_transform_bit(gcm));
	assert_true(bits);
	fake.no_ipsec = true;
	assert_int_equal(mrkm_kernel_probe(&guard.kernel), 0);
}

/* --------------------------------------------------------------------- interfaces */

static void test_interface_appears(void **state)
{
	struct keytable_row row = pim_row(300);

	(void)state;
	give(&pimd, "CORE", &row, 1);
	protect(&pimd, "CORE", "eth9", NULL);
	run();
	assert_int_equal(fake.image.sps.count, 0);
	assert_int_equal(mrkm_guard_state(&guard, guard.chains, "eth9"),
			 MRKM_ERR_NO_INTERFACE);
	fake_kernel_link(&fake, 9, "eth9");
	mrkm_guard_doubt(&guard);
	run();
	assert_int_equal(sends(9), 300);
	assert_true(filtered(9));
}

static void test_interface_renamed(void **state)
{
	(void)state;
	start_pim();
	strcpy(fake.links[0].name, "lan0");
	mrkm_guard_doubt(&guard);
	run();
	assert_null(fake_kernel_sp(&fake, 1, false, &all_pim));
	assert_false(filtered(1));
	strcpy(fake.links[1].name, "eth0");
	mrkm_guard_doubt(&guard);
	run();
	assert_int_equal(sends(2), 300);
}

static void test_interface_goes_in_a_roll(void **state)
{
	uint64_t atd = now + 5 * SECOND;
	struct keytable_row rows[] = {
		make_row(203, 300, 0, atd, KEYTABLE_NEVER),
		make_row(203, 301, atd, KEYTABLE_NEVER, KEYTABLE_NEVER),
	};

	(void)state;
	give(&pimd, "CORE", rows, 2);
	protect(&pimd, "CORE", "eth0", "eth1");
	run();
	fake_kernel_unlink(&fake, 1);
	now = atd;
	run();
	assert_int_equal(sends(2), 301);
	mrkm_guard_doubt(&guard);
	run();
	assert_null(fake_kernel_sp(&fake, 1, false, &all_pim));
	assert_int_equal(sends(2), 301);
}

/* The filter is refused since the interface has just gone: no other suffers. */
static void test_interface_gone_meanwhile(void **state)
{
	struct keytable_row row = pim_row(300);

	(void)state;
	give(&pimd, "CORE", &row, 1);
	run();
	fake_kernel_unlink(&fake, 1);
	protect(&pimd, "CORE", "eth0", "eth1");
	run();
	assert_int_equal(sends(2), 300);
	assert_true(filtered(2));
	assert_false(guard.filterless);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_nothing_wanted),
		TEST(test_closed_without_key),
		TEST(test_protected),
		TEST(test_keys_of_no_interface),
		TEST(test_no_command),
		TEST(test_expiry_closes),
		TEST(test_long_life),
		TEST(test_roll),
		TEST(test_another_key_under_one_spi),
		TEST(test_sender_of_its_own),
		TEST(test_wrong_length),
		TEST(test_reserved_spi),
		TEST(test_unknown_algorithm),
		TEST(test_other_protocol),
		TEST(test_other_family),
		TEST(test_shared_counter_mode),
		TEST(test_no_ipsec),
		TEST(test_foreign_spi),
		TEST(test_two_chains_one_spi),
		TEST(test_no_filters),
		TEST(test_probe),
		TEST(test_interface_appears),
		TEST(test_interface_renamed),
		TEST(test_interface_goes_in_a_roll),
		TEST(test_interface_gone_meanwhile),
	};

	return cmocka_run_group_tests_name("guard", tests, NULL, NULL);
}
