// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the module in zebra keeps the kernel to for OSPFv3: link-local addresses,
 * questions of the kernel, echoes.
 */
#include "test_guard_util.h"

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
	(void)state;
	start_ospf6();
	start_pim();
	assert_int_equal(clear_filter(1)->traffic,
			 MRKM_TRAFFIC_BIT(MRKM_TRAFFIC_PIM) |
				 MRKM_TRAFFIC_BIT(MRKM_TRAFFIC_OSPF6));
	mrkm_guard_withdraw(&guard, &ospf6d, "CORE");
	run();
	assert_int_equal(clear_filter(1)->traffic,
			 MRKM_TRAFFIC_BIT(MRKM_TRAFFIC_PIM));
	assert_int_equal(sends(1), 300);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_ospf6),
		TEST(test_ospf6_neighbor),
		TEST(test_ospf6_question_before_start),
		TEST(test_echo),
		TEST(test_no_echo_in_ipv4),
		TEST(test_two_daemons_one_interface),
	};

	return cmocka_run_group_tests_name("guard_ospf6", tests, NULL, NULL);
}
