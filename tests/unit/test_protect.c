// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the module in a routing daemon tells the one in zebra: both ends of the
 * key channel in memory.
 */
#include "test_util.h"

#include "modules/mrkm_protect.h"

#define PIM 203
#define SECOND KEYTABLE_SECOND
#define ALL_TRANSFORMS 0xfff

static struct mrkm_wrap_key wrap_key;
static struct mrkm_protect protect;
static struct mrkm_receiver zebra;
static const struct mrkm_peer zebra_peer = { 5, 848, 2 };
static uint64_t now;

/* what the operator typed */
static struct keytable_row hand_row;
static const char *hand_chain;

/* what zebra holds: rows and interfaces of the key chains */
static struct {
	char name[MRKM_NAME_MAX + 1];
	size_t rows, interfaces;
	uint32_t spi;
	char interface[MRKM_INTERFACES_MAX][MRKM_INTERFACE_SIZE];
} held[4];
static enum mrkm_err zebra_result;
static char history[8192]; /* what was said of interfaces */

/* what mrkmd was told */
static enum mrkm_err reported;
static uint32_t reported_id;

static int to_zebra(void *arg, const struct mrkm_peer *to,
		    const uint8_t *octets, size_t len)
{
	(void)arg;
	(void)to;
	mrkm_receiver_input(&zebra, octets, len);
	return 0;
}

static int from_zebra(void *arg, const uint8_t *octets, size_t len)
{
	(void)arg;
	mrkm_sender_input(protect.sender, &zebra_peer, octets, len, now);
	return 0;
}

static int zebra_wrap_key(void *arg, struct mrkm_wrap_key *key)
{
	(void)arg;
	*key = wrap_key;
	return 0;
}

static size_t place_of(const char *name)
{
	for (size_t i = 0; i < 4; i++)
		if (!held[i].name[0] || strcmp(held[i].name, name) == 0) {
			strcpy(held[i].name, name);
			return i;
		}
	fail();
	return 0;
}

static int zebra_bind(void *arg, const struct mrkm_order *order)
{
	(void)arg;
	(void)order;
	return 0;
}

static int zebra_keys(void *arg, const struct mrkm_order *order,
		      const struct keytable_row *rows, size_t count,
		      enum mrkm_err *results)
{
	size_t i = place_of(order->key_chain);

	(void)arg;
	held[i].rows = count;
	held[i].spi = count ? rows[0].id : 0;
	for (size_t k = 0; k < count; k++)
		results[k] = zebra_result;
	return 0;
}

static int zebra_interfaces(void *arg, const struct mrkm_order *order,
			    const struct mrkm_msg_interface *interfaces,
			    size_t count)
{
	size_t i = place_of(order->key_chain);

	(void)arg;
	held[i].interfaces = count;
	snprintf(history + strlen(history), sizeof(history) - strlen(history),
		 "%s:", order->key_chain);
	for (size_t k = 0; k < count; k++) {
		strcpy(held[i].interface[k], interfaces[k].name);
		snprintf(history + strlen(history),
			 sizeof(history) - strlen(history), " %s",
			 interfaces[k].name);
	}
	strcat(history, ";");
	return 0;
}

static int zebra_withdraw(void *arg, const struct mrkm_order *order)
{
	size_t i = place_of(order->group);

	(void)arg;
	memset(&held[i], 0, sizeof(held[i]));
	return 0;
}

static void zebra_synced(void *arg, uint64_t boot, uint32_t session)
{
	(void)arg;
	(void)boot;
	(void)session;
}

static const struct mrkm_receiver_callbacks zebra_callbacks = {
	.send = from_zebra,
	.wrap_key = zebra_wrap_key,
	.bind = zebra_bind,
	.keys = zebra_keys,
	.interfaces = zebra_interfaces,
	.withdraw = zebra_withdraw,
	.synced = zebra_synced,
};

static void on_capability(void *arg, uint8_t protocol, uint32_t algorithms)
{
	(void)arg;
	(void)protocol;
	(void)algorithms;
}

static void on_result(void *arg, const struct mrkm_key_status *status)
{
	(void)arg;
	mrkm_protect_result(&protect, status);
}

static const struct mrkm_sender_callbacks sender_callbacks = {
	.send = to_zebra,
	.capability = on_capability,
	.result = on_result,
};

static size_t by_hand(void *arg, const char *key_chain, uint8_t protocol,
		      struct keytable_row *rows, size_t max)
{
	(void)arg;
	(void)protocol;
	if (!hand_chain || strcmp(hand_chain, key_chain) != 0 || !max)
		return 0;
	rows[0] = hand_row;
	return 1;
}

static void on_report(void *arg, const struct mrkm_protect_order *order,
		      enum mrkm_err result,
		      const struct mrkm_msg_result *results, size_t count)
{
	(void)arg;
	(void)order;
	reported = count ? results[0].result : result;
	reported_id = count ? results[0].id : 0;
}

static const struct mrkm_protect_ops ops = {
	.by_hand = by_hand,
	.report = on_report,
};

static struct keytable_row make_row(uint32_t spi)
{
	struct keytable_row row = {
		.protocol = PIM,
		.direction = KEYTABLE_BOTH,
		.id = spi,
		.accept_end = KEYTABLE_NEVER,
		.send_end = KEYTABLE_NEVER,
		.ipsec = { .suite = { 11, 0, 12 },
			   .wire = PIM,
			   .families = KEYTABLE_IPV4 | KEYTABLE_IPV6,
			   .sn = KEYTABLE_SN_UNSPECIFIED },
		.key_len = 32,
	};

	memset(row.key, 0x5a, row.key_len);
	return row;
}

static void zebra_starts(void)
{
	mrkm_receiver_init(&zebra, &zebra_callbacks, NULL, 99, "zebra", 0);
	mrkm_receiver_add_capability(&zebra, PIM, ALL_TRANSFORMS);
	mrkm_sender_registered(protect.sender, &zebra_peer, now);
}

static int setup(void **state)
{
	(void)state;
	memset(held, 0, sizeof(held));
	memset(&protect, 0, sizeof(protect));
	hand_chain = NULL;
	history[0] = '\0';
	zebra_result = MRKM_ERR_OK;
	now = 1000 * SECOND;
	assert_int_equal(mrkm_wrap_key_draw(&wrap_key), 0);
	protect.ops = &ops;
	protect.protocol = PIM;
	protect.sender = mrkm_sender_new(&sender_callbacks, NULL, &wrap_key);
	mrkm_sender_set_name(protect.sender, "pimd");
	zebra_starts();
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	mrkm_sender_free(protect.sender);
	mrkm_protect_fini(&protect);
	return 0;
}

static const struct mrkm_order core = { "GROUP", PIM, "CORE", 1, 1 };

static void give(uint32_t spi)
{
	struct keytable_row row = make_row(spi);
	enum mrkm_err result;

	mrkm_protect_keys(&protect, &core, &row, 1, &result);
}

static void run(void)
{
	mrkm_protect_run(&protect, now);
}

static void test_no_command(void **state)
{
	(void)state;
	give(300);
	run();
	assert_string_equal(held[0].name, "");
}

static void test_command_without_keys(void **state)
{
	(void)state;
	assert_int_equal(mrkm_protect_set(&protect, "eth0", "CORE"), 0);
	run();
	/* zebra hears of it all the same, and closes the interface */
	assert_string_equal(held[0].name, "CORE");
	assert_int_equal(held[0].rows, 0);
	assert_int_equal(held[0].interfaces, 1);
	assert_string_equal(held[0].interface[0], "eth0");
}

static void test_keys_of_mrkmd(void **state)
{
	(void)state;
	mrkm_protect_set(&protect, "eth0", "CORE");
	give(300);
	run();
	assert_int_equal(held[0].spi, 300);
	assert_int_equal(reported, MRKM_ERR_OK);
	assert_int_equal(reported_id, 300);
}

static void test_refusal_is_reported(void **state)
{
	(void)state;
	zebra_result = MRKM_ERR_KERNEL;
	mrkm_protect_set(&protect, "eth0", "CORE");
	give(300);
	run();
	assert_int_equal(reported, MRKM_ERR_KERNEL);
	assert_int_equal(reported_id, 300);
}

static void test_operator_goes_first(void **state)
{
	(void)state;
	mrkm_protect_set(&protect, "eth0", "CORE");
	give(300);
	run();
	hand_row = make_row(256);
	hand_chain = "CORE";
	run();
	assert_int_equal(held[0].spi, 256);
	assert_int_equal(reported, MRKM_ERR_CONFLICT);
	assert_int_equal(mrkm_protect_bind(&protect, &core),
			 -MRKM_ERR_CONFLICT);
	hand_chain = NULL;
	run();
	assert_int_equal(held[0].spi, 300);
	assert_int_equal(reported, MRKM_ERR_OK);
}

static void test_command_taken_back(void **state)
{
	(void)state;
	mrkm_protect_set(&protect, "eth0", "CORE");
	run();
	mrkm_protect_set(&protect, "eth0", NULL);
	assert_null(mrkm_protect_get(&protect, "eth0"));
	run();
	assert_string_equal(held[0].name, "");
}

/* Never is the interface without a key chain in zebra's eyes. */
static void test_another_key_chain(void **state)
{
	(void)state;
	mrkm_protect_set(&protect, "eth0", "CORE");
	mrkm_protect_set(&protect, "eth1", "CORE");
	mrkm_protect_set(&protect, "eth2", "EDGE");
	run();
	history[0] = '\0';
	mrkm_protect_set(&protect, "eth0", "EDGE");
	assert_string_equal(mrkm_protect_get(&protect, "eth0"), "EDGE");
	run();
	assert_string_equal(history, "EDGE: eth0 eth2;CORE: eth1;");
}

static void test_zebra_restarts(void **state)
{
	(void)state;
	mrkm_protect_set(&protect, "eth0", "CORE");
	give(300);
	run();
	memset(held, 0, sizeof(held));
	mrkm_sender_gone(protect.sender, &zebra_peer, now);
	zebra_starts();
	assert_int_equal(held[0].spi, 300);
	assert_int_equal(held[0].interfaces, 1);
}

static void test_mrkmd_restarts(void **state)
{
	struct mrkm_order again = core;

	(void)state;
	mrkm_protect_set(&protect, "eth0", "CORE");
	give(300);
	again.boot = 2;
	/* bound, and not known yet: what was there lives on */
	assert_int_equal(mrkm_protect_bind(&protect, &again), 0);
	mrkm_protect_synced(&protect, 2, 1);
	run();
	assert_int_equal(held[0].spi, 300);
	/* the same mrkmd in another session does not know it any more */
	mrkm_protect_synced(&protect, 2, 2);
	run();
	assert_int_equal(held[0].rows, 0);
	assert_int_equal(held[0].interfaces, 1);
}

/* mrkmd says the same again: zebra need not, and mrkmd is not left waiting. */
static void test_said_again(void **state)
{
	struct keytable_row row = make_row(300);
	enum mrkm_err result = MRKM_ERR_OK;

	(void)state;
	mrkm_protect_set(&protect, "eth0", "CORE");
	mrkm_protect_keys(&protect, &core, &row, 1, &result);
	assert_int_equal(result, MRKM_ERR_PENDING);
	run();
	mrkm_protect_keys(&protect, &core, &row, 1, &result);
	assert_int_equal(result, MRKM_ERR_OK);
}

static void test_nobody_protects(void **state)
{
	struct keytable_row row = make_row(300);
	enum mrkm_err result = MRKM_ERR_OK;

	(void)state;
	assert_false(mrkm_protect_is_idle(&protect));
	mrkm_sender_disconnected(protect.sender);
	assert_false(mrkm_protect_is_idle(&protect));
	mrkm_protect_set(&protect, "eth0", "CORE");
	assert_true(mrkm_protect_is_idle(&protect));
	mrkm_protect_keys(&protect, &core, &row, 1, &result);
	assert_int_equal(result, MRKM_ERR_NO_GUARD);
	zebra_starts();
	run();
	assert_false(mrkm_protect_is_idle(&protect));
	assert_int_equal(held[0].spi, 300);
}

static void test_chain_busy(void **state)
{
	struct mrkm_order other = { "OTHER", PIM, "CORE", 1, 1 };

	(void)state;
	give(300);
	assert_int_equal(mrkm_protect_bind(&protect, &other),
			 -MRKM_ERR_CHAIN_BUSY);
	other.protocol = 202;
	assert_int_equal(mrkm_protect_bind(&protect, &other),
			 -MRKM_ERR_PROTOCOL);
}

static void test_names(void **state)
{
	(void)state;
	assert_int_equal(mrkm_protect_set(&protect, "a-very-long-name", "CORE"),
			 -MRKM_ERR_BAD_TEXT);
	assert_int_equal(mrkm_protect_set(&protect, "eth0", "two words"),
			 -MRKM_ERR_BAD_TEXT);
}

static void test_limit(void **state)
{
	char name[MRKM_INTERFACE_SIZE];

	(void)state;
	for (int i = 0; i < MRKM_INTERFACES_MAX; i++) {
		snprintf(name, sizeof(name), "eth%d", i);
		assert_int_equal(mrkm_protect_set(&protect, name, "CORE"), 0);
	}
	assert_int_equal(mrkm_protect_set(&protect, "more", "CORE"),
			 -MRKM_ERR_LIMIT);
	run();
	assert_int_equal(held[0].interfaces, MRKM_INTERFACES_MAX);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_no_command),
		TEST(test_command_without_keys),
		TEST(test_keys_of_mrkmd),
		TEST(test_refusal_is_reported),
		TEST(test_operator_goes_first),
		TEST(test_command_taken_back),
		TEST(test_another_key_chain),
		TEST(test_zebra_restarts),
		TEST(test_mrkmd_restarts),
		TEST(test_said_again),
		TEST(test_nobody_protects),
		TEST(test_chain_busy),
		TEST(test_names),
		TEST(test_limit),
	};

	return cmocka_run_group_tests_name("protect", tests, NULL, NULL);
}
