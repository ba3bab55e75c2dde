// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the module in zebra keeps the kernel to, against a kernel in memory.
 */
#include <netinet/in.h>

#include "fake_kernel.h"
#include "test_util.h"

#include "modules/mrkm_guard.h"

#define SECOND KEYTABLE_SECOND
#define ENCR_NULL 11
#define AES_GCM 20
#define SHA_256 12

static struct fake_kernel fake;
static struct mrkm_guard guard;
static uint64_t now;
static uint32_t told_sender;
static enum mrkm_err told_result;
static size_t refusals;

static const struct mrkm_guard_speaker pimd = { MRKM_TRAFFIC_PIM, 7, 1 };
static const struct mrkm_guard_speaker ospf6d = { MRKM_TRAFFIC_OSPF6, 8, 1 };
static const struct mrkm_address all_pim = { { 224, 0, 0, 13 } };
static const struct mrkm_address all_spf = { { 0xff, 2, [15] = 5 } };
static const struct mrkm_address link_local = { { 0xfe, 0x80 } };
static const struct mrkm_address own = { { 0xfe, 0x80, [15] = 1 } };
static const struct mrkm_address neighbor = { { 0xfe, 0x80, [15] = 2 } };

static void on_changed(void *arg, const struct mrkm_guard_chain *chain)
{
	(void)arg;
	told_sender = chain->sender;
	told_result = chain->row_count ? chain->results[0] : MRKM_ERR_OK;
}

static void on_refused(void *arg, const struct mrkm_op *op)
{
	(void)arg;
	(void)op;
	refusals++;
}

static uint32_t next_sequence(void *arg)
{
	(void)arg;
	return 4711;
}

static const struct mrkm_guard_ops guard_ops = {
	.changed = on_changed,
	.refused = on_refused,
	.sequence = next_sequence,
};

static int setup(void **state)
{
	(void)state;
	fake_kernel_init(&fake);
	fake_kernel_link(&fake, 1, "eth0");
	fake_kernel_link(&fake, 2, "eth1");
	now = 1000 * SECOND;
	told_sender = refusals = 0;
	mrkm_guard_init(&guard, &guard_ops, &fake_transport, &fake, now);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	/* whatever a test did, nothing was ever sent without its SA */
	assert_int_equal(fake.dangling, 0);
	mrkm_guard_fini(&guard);
	fake_kernel_fini(&fake);
	return 0;
}

static struct keytable_row make_row(uint8_t protocol, uint32_t spi,
				    uint64_t send_start, uint64_t send_end,
				    uint64_t accept_end)
{
	struct keytable_row row = {
		.protocol = protocol,
		.direction = KEYTABLE_BOTH,
		.id = spi,
		.accept_end = accept_end,
		.send_start = send_start,
		.send_end = send_end,
		.ipsec = { .suite = { ENCR_NULL, 0, SHA_256 },
			   .wire = protocol,
			   .families =
				   keytable_protocol_by_wire(protocol)->families,
			   .sn = KEYTABLE_SN_UNSPECIFIED },
		.key_len = 32,
	};

	memset(row.key, (int)(spi % 250 + 1), row.key_len);
	return row;
}

static struct keytable_row pim_row(uint32_t spi)
{
	return make_row(203, spi, 0, KEYTABLE_NEVER, KEYTABLE_NEVER);
}

static void protect(const struct mrkm_guard_speaker *speaker, const char *chain,
		    const char *first, const char *second)
{
	struct mrkm_msg_interface interfaces[2] = { 0 };
	size_t count = 0;

	if (first)
		strncpy(interfaces[count++].name, first, IFNAMSIZ - 1);
	if (second)
		strncpy(interfaces[count++].name, second, IFNAMSIZ - 1);
	assert_int_equal(mrkm_guard_interfaces(&guard, speaker, chain,
					       interfaces, count),
			 0);
}

static void give(const struct mrkm_guard_speaker *speaker, const char *chain,
		 const struct keytable_row *rows, size_t count)
{
	assert_int_equal(
		mrkm_guard_keys(&guard, speaker, chain, rows, count, now), 0);
}

static uint64_t run(void)
{
	return mrkm_guard_run(&guard, now);
}

static uint32_t sends(int ifindex)
{
	const struct mrkm_sp *sp =
		fake_kernel_sp(&fake, ifindex, false, &all_pim);

	assert_non_null(sp);
	return sp->block ? 0 : sp->spi;
}

static const struct mrkm_filter *clear_filter(int ifindex)
{
	return mrkm_image_find_filter(&fake.image, ifindex, MRKM_FILTER_CLEAR);
}

static const struct mrkm_filter *echo_filter(int ifindex)
{
	return mrkm_image_find_filter(&fake.image, ifindex, MRKM_FILTER_ECHO);
}

static bool filtered(int ifindex)
{
	return clear_filter(ifindex) != NULL;
}

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
	give(&pimd, "CORE", &row, 1);
	protect(&pimd, "CORE", "eth0", NULL);
	run();
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
	struct keytable_row row = pim_row(300);
	const struct mrkm_sp *sp;

	(void)state;
	fake.no_filters = true;
	give(&pimd, "CORE", &row, 1);
	protect(&pimd, "CORE", "eth0", NULL);
	run();
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
	struct keytable_row row = pim_row(300);

	(void)state;
	give(&pimd, "CORE", &row, 1);
	protect(&pimd, "CORE", "eth0", NULL);
	run();
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

/* -------------------------------------------------------- others, and a former life */

static void test_removed_by_others(void **state)
{
	struct keytable_row row = pim_row(300);

	(void)state;
	give(&pimd, "CORE", &row, 1);
	protect(&pimd, "CORE", "eth0", NULL);
	run();
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
	give(&pimd, "CORE", &row, 1);
	protect(&pimd, "CORE", "eth0", NULL);
	run();
	mrkm_guard_fini(&guard);
	mrkm_guard_init(&guard, &guard_ops, &fake_transport, &fake, now);
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
	struct keytable_row row = pim_row(300);

	(void)state;
	give(&pimd, "CORE", &row, 1);
	protect(&pimd, "CORE", "eth0", NULL);
	run();
	mrkm_guard_fini(&guard);
	mrkm_guard_init(&guard, &guard_ops, &fake_transport, &fake, now);
	assert_int_equal(run(), now + MRKM_GUARD_PATIENCE);
	assert_int_equal(sends(1), 300);
	now += MRKM_GUARD_PATIENCE;
	run();
	assert_int_equal(fake.image.sas.count + fake.image.sps.count +
				 fake.image.filters.count,
			 0);
}

static void forget_sas(void)
{
	struct mrkm_image nothing = { 0 };

	mrkm_image_forget_sas(&fake.image, &nothing);
	mrkm_guard_doubt(&guard);
}

/* A key whose lifetime is over in the kernel is not put there again. */
static void test_orphans_expire(void **state)
{
	struct keytable_row row = pim_row(300);

	(void)state;
	give(&pimd, "CORE", &row, 1);
	protect(&pimd, "CORE", "eth0", NULL);
	run();
	mrkm_guard_fini(&guard);
	mrkm_guard_init(&guard, &guard_ops, &fake_transport, &fake, now);
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
	give(&pimd, "CORE", &row, 1);
	protect(&pimd, "CORE", "eth0", NULL);
	run();
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

/* ------------------------------------------------------------------------- OSPFv3 */

static void start_ospf6(void)
{
	struct keytable_row row =
		make_row(202, 400, 0, KEYTABLE_NEVER, KEYTABLE_NEVER);

	fake.links[0].addresses[0] = own;
	fake.links[0].address_count = 1;
	give(&ospf6d, "CORE", &row, 1);
	protect(&ospf6d, "CORE", "eth0", NULL);
	run();
}

static void test_ospf6(void **state)
{
	(void)state;
	start_ospf6();
	assert_non_null(fake_kernel_sa(&fake, 400, &all_spf));
	assert_non_null(fake_kernel_sa(&fake, 400, &own));
	assert_int_equal(fake_kernel_sp(&fake, 1, false, &all_spf)->spi, 400);
	assert_int_equal(fake_kernel_sp(&fake, 1, false, &link_local)->spi,
			 400);
	assert_int_equal(clear_filter(1)->traffic,
			 MRKM_TRAFFIC_BIT(MRKM_TRAFFIC_OSPF6));
}

/*
 * What Linux does with a packet for which there is no SA: it asks, and holds the
 * place that the policy names with an SA without a key.
 */
static struct mrkm_acquire ask(uint32_t spi,
			       const struct mrkm_address *destination)
{
	struct mrkm_sa larval = { .family = AF_INET6,
				  .ip_protocol = IPPROTO_ESP,
				  .spi = spi,
				  .destination = *destination,
				  .reqid = MRKM_IPSEC_REQID |
					   MRKM_TRAFFIC_OSPF6 };
	struct mrkm_acquire acquire = { .ifindex = 1,
					.family = AF_INET6,
					.reqid = larval.reqid,
					.destination = *destination,
					.id = 5 };

	assert_int_equal(mrkm_image_add_sa(&fake.image, &larval), 0);
	return acquire;
}

/* A new neighbour gets its SA, and nobody else loses one for that. */
static void test_ospf6_neighbor(void **state)
{
	struct mrkm_acquire acquire;
	struct keytable_row rows[2];

	(void)state;
	start_ospf6();
	acquire = ask(400, &neighbor);
	mrkm_guard_acquire(&guard, &acquire);
	run();
	assert_int_equal(fake_kernel_sa(&fake, 400, &neighbor)->key_len,
			 fake_kernel_sa(&fake, 400, &all_spf)->key_len);
	assert_int_equal(fake_kernel_sp(&fake, 1, false, &all_spf)->spi, 400);
	assert_int_equal(refusals, 0);
	/* in a roll it gets the new key along with all others */
	rows[0] = make_row(202, 400, 0, now + 5 * SECOND, KEYTABLE_NEVER);
	rows[1] = make_row(202, 401, now + 5 * SECOND, KEYTABLE_NEVER,
			   KEYTABLE_NEVER);
	give(&ospf6d, "CORE", rows, 2);
	run();
	assert_non_null(fake_kernel_sa(&fake, 401, &neighbor));
	/* nobody is remembered on an interface that is not protected */
	protect(&ospf6d, "CORE", NULL, NULL);
	mrkm_guard_doubt(&guard);
	run();
	assert_int_equal(guard.peer_count, 0);
	mrkm_guard_acquire(&guard, &acquire);
	assert_int_equal(guard.peer_count, 0);
}

/*
 * zebra starts while the kernel waits for an SA.  That nobody answers is no reason
 * to do nothing from then on.
 */
static void test_ospf6_question_before_start(void **state)
{
	struct keytable_row row =
		make_row(202, 400, 0, KEYTABLE_NEVER, KEYTABLE_NEVER);

	(void)state;
	ask(400, &neighbor);
	mrkm_guard_doubt(&guard);
	run();
	forget_sas();
	fake.links[0].addresses[0] = own;
	fake.links[0].address_count = 1;
	give(&ospf6d, "CORE", &row, 1);
	protect(&ospf6d, "CORE", "eth0", NULL);
	run();
	assert_int_equal(fake_kernel_sp(&fake, 1, false, &all_spf)->spi, 400);
	assert_int_equal(refusals, 0);
}

/* What has the interface's own source is not let in, whatever that is now. */
static void test_echo(void **state)
{
	const struct mrkm_filter *echo;

	(void)state;
	start_ospf6();
	echo = echo_filter(1);
	assert_non_null(echo);
	assert_int_equal(echo->address_count, 1);
	assert_memory_equal(&echo->addresses[0], &own, sizeof(own));
	fake.links[0].addresses[1] = neighbor;
	fake.links[0].address_count = 2;
	mrkm_guard_doubt(&guard);
	run();
	assert_int_equal(echo_filter(1)->address_count, 2);
	fake.links[0].address_count = 0;
	mrkm_guard_doubt(&guard);
	run();
	assert_null(echo_filter(1));
	assert_true(filtered(1));
	/* nobody else has done anything */
	assert_int_equal(guard.restored, 0);
	fake.links[0].addresses[0] = own;
	fake.links[0].address_count = 1;
	mrkm_guard_doubt(&guard);
	run();
	assert_memory_equal(&echo_filter(1)->addresses[0], &own, sizeof(own));
	mrkm_guard_withdraw(&guard, &ospf6d, "CORE");
	run();
	assert_null(echo_filter(1));
}

/* The kernel minds its own IPv4 addresses. */
static void test_no_echo_in_ipv4(void **state)
{
	(void)state;
	fake.links[0].addresses[0] = own;
	fake.links[0].address_count = 1;
	protect(&pimd, "CORE", "eth0", NULL);
	run();
	assert_true(filtered(1));
	assert_null(echo_filter(1));
}

static void test_two_daemons_one_interface(void **state)
{
	struct keytable_row row = pim_row(300);

	(void)state;
	start_ospf6();
	give(&pimd, "CORE", &row, 1);
	protect(&pimd, "CORE", "eth0", NULL);
	run();
	assert_int_equal(clear_filter(1)->traffic,
			 MRKM_TRAFFIC_BIT(MRKM_TRAFFIC_PIM) |
				 MRKM_TRAFFIC_BIT(MRKM_TRAFFIC_OSPF6));
	mrkm_guard_withdraw(&guard, &ospf6d, "CORE");
	run();
	assert_int_equal(clear_filter(1)->traffic,
			 MRKM_TRAFFIC_BIT(MRKM_TRAFFIC_PIM));
	assert_int_equal(sends(1), 300);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

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
		TEST(test_removed_by_others),
		TEST(test_restart_of_zebra),
		TEST(test_orphans_go_in_time),
		TEST(test_orphans_expire),
		TEST(test_restart_of_daemon),
		TEST(test_not_repeated),
		TEST(test_lists_fail),
		TEST(test_ospf6),
		TEST(test_ospf6_neighbor),
		TEST(test_ospf6_question_before_start),
		TEST(test_echo),
		TEST(test_no_echo_in_ipv4),
		TEST(test_two_daemons_one_interface),
	};

	return cmocka_run_group_tests_name("guard", tests, NULL, NULL);
}
