// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What tests of the module in zebra share: a guard before a kernel in memory.
 */
#ifndef TEST_GUARD_UTIL_H
#define TEST_GUARD_UTIL_H

#include <netinet/in.h>

#include "fake_kernel.h"
#include "modules/mrkm_guard.h"
#include "test_util.h"

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

static inline void on_changed(void *arg, const struct mrkm_guard_chain *chain)
{
	(void)arg;
	told_sender = chain->sender;
	told_result = chain->row_count ? chain->results[0] : MRKM_ERR_OK;
}

static inline void on_refused(void *arg, const struct mrkm_op *op)
{
	(void)arg;
	(void)op;
	refusals++;
}

static inline uint32_t next_sequence(void *arg)
{
	(void)arg;
	return 4711;
}

static const struct mrkm_guard_ops guard_ops = {
	.changed = on_changed,
	.refused = on_refused,
	.sequence = next_sequence,
};

static inline int setup(void **state)
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

static inline int teardown(void **state)
{
	(void)state;
	/* whatever a test did, nothing was ever sent without its SA */
	assert_int_equal(fake.dangling, 0);
	mrkm_guard_fini(&guard);
	fake_kernel_fini(&fake);
	return 0;
}

static inline struct keytable_row make_row(uint8_t protocol, uint32_t spi,
					   uint64_t send_start,
					   uint64_t send_end,
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

static inline struct keytable_row pim_row(uint32_t spi)
{
	return make_row(203, spi, 0, KEYTABLE_NEVER, KEYTABLE_NEVER);
}

static inline void protect(const struct mrkm_guard_speaker *speaker,
			   const char *chain, const char *first,
			   const char *second)
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

static inline void give(const struct mrkm_guard_speaker *speaker,
			const char *chain, const struct keytable_row *rows,
			size_t count)
{
	assert_int_equal(
		mrkm_guard_keys(&guard, speaker, chain, rows, count, now), 0);
}

static inline uint64_t run(void)
{
	return mrkm_guard_run(&guard, now);
}

static inline uint32_t sends(int ifindex)
{
	const struct mrkm_sp *sp =
		fake_kernel_sp(&fake, ifindex, false, &all_pim);

	assert_non_null(sp);
	return sp->block ? 0 : sp->spi;
}

static inline const struct mrkm_filter *clear_filter(int ifindex)
{
	return mrkm_image_find_filter(&fake.image, ifindex, MRKM_FILTER_CLEAR);
}

static inline const struct mrkm_filter *echo_filter(int ifindex)
{
	return mrkm_image_find_filter(&fake.image, ifindex, MRKM_FILTER_ECHO);
}

static inline bool filtered(int ifindex)
{
	return clear_filter(ifindex) != NULL;
}

/* As when their lifetimes are over. */
static inline void forget_sas(void)
{
	struct mrkm_image nothing = { 0 };

	mrkm_image_forget_sas(&fake.image, &nothing);
	mrkm_guard_doubt(&guard);
}

/* PIM on eth0, with a key of SPI 300 that has no end. */
static inline void start_pim(void)
{
	struct keytable_row row = pim_row(300);

	give(&pimd, "CORE", &row, 1);
	protect(&pimd, "CORE", "eth0", NULL);
	run();
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

#endif /* TEST_GUARD_UTIL_H */
