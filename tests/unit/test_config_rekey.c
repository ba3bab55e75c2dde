// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * How a key server's group is rekeyed, as it is configured, and what is said
 * when it will not do.
 */
#include <zebra.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <libyang/libyang.h>

#include "mrkmd/mrkm.h"
#include "mrkmd/mrkm_config.h"

#define OUR_PORT 848

static struct ly_ctx *ctx;
static struct lyd_node *data;
static struct mrkm_ks_group_config config;
static char problem[1024];

static int setup(void **state)
{
	const char *folder = getenv("top_srcdir");
	char yang[PATH_MAX];

	snprintf(yang, sizeof(yang), "%s/yang", folder ? folder : ".");
	return ly_ctx_new(yang, 0, &ctx) ||
	       !ly_ctx_load_module(ctx, "frr-mrkmd", NULL, NULL);
}

static int teardown(void **state)
{
	lyd_free_all(data);
	ly_ctx_destroy(ctx);
	return 0;
}

/* Reads a group with that JSON (single quotes) as its container rekey. */
static int read_rekey(const char *rekey, uint16_t dtd)
{
	char json[2048];
	struct lyd_node *node;

	snprintf(
		json, sizeof(json),
		"{'frr-mrkmd:mrkmd':{'mrkm':{'key-server':{'group':[{'name':'CORE','rekey':{%s}}]}}}}",
		rekey);
	for (char *c = json; *c; c++)
		if (*c == '\'')
			*c = '"';
	lyd_free_all(data);
	data = NULL;
	assert_int_equal(lyd_parse_data_mem(ctx, json, LYD_JSON, 0,
					    LYD_VALIDATE_NO_STATE, &data),
			 LY_SUCCESS);
	assert_int_equal(
		lyd_find_path(data, MRKM_XPATH "/key-server/group[name='CORE']",
			      0, &node),
		LY_SUCCESS);
	memset(&config, 0, sizeof(config));
	config.engine.dtd = dtd;
	problem[0] = '\0';
	return mrkm_config_read_rekey(node, OUR_PORT, &config, problem,
				      sizeof(problem));
}

static const struct gikev2_rekey_config *read_well(const char *rekey)
{
	if (read_rekey(rekey, 15))
		fail_msg("%s", problem);
	return &config.engine.rekey;
}

static void expect_problem(const char *rekey, const char *const words[])
{
	assert_int_equal(read_rekey(rekey, 15), -1);
	for (size_t i = 0; words[i]; i++)
		if (!strstr(problem, words[i]))
			fail_msg("no \"%s\" in: %s", words[i], problem);
}

#define WORDS(...) ((const char *const[]){ __VA_ARGS__, NULL })
#define MULTICAST(more) "'multicast':{" more "}"
#define ADDRESS(text) "'address':'" text "'"
#define IMPLICIT ",'implicit':[null]"
#define KEY(uri) ",'signature-key':'" uri "'"

static void inband(void **state)
{
	const struct gikev2_rekey_config *rekey = read_well("");

	assert_int_equal(rekey->destination.family, 0);
	assert_int_equal(rekey->wait, 300);
	rekey = read_well("'wait':0");
	assert_int_equal(rekey->wait, 0);
	/* what is for multicast alone is not looked at, nor wrong */
	rekey = read_well("'lifetime':60,'copies':2" KEY("file:/k"));
	assert_int_equal(rekey->destination.family, 0);
	assert_int_equal(rekey->lifetime, 0);
	assert_string_equal(config.rekey.signature_uri, "");
}

static void defaults(void **state)
{
	const struct gikev2_rekey_config *rekey =
		read_well(MULTICAST(ADDRESS("239.1.2.3")) IMPLICIT);
	const uint8_t ip[4] = { 239, 1, 2, 3 };

	assert_int_equal(rekey->destination.family, 4);
	assert_memory_equal(rekey->destination.ip, ip, 4);
	assert_int_equal(rekey->destination.port, OUR_PORT);
	assert_int_equal(rekey->source.family, 0);
	assert_int_equal(rekey->lifetime, 86400);
	assert_int_equal(rekey->copies, 3);
	assert_int_equal(rekey->lkh_degree, 2);
	assert_int_equal(config.rekey.ttl, 64);
	assert_string_equal(config.rekey.interface, "");
	assert_string_equal(config.rekey.signature_uri, "");
}

static void all_that_can_be_said(void **state)
{
	const struct gikev2_rekey_config *rekey = read_well(
		MULTICAST(ADDRESS("ff05::1:2") ",'port':5000,'source':'2001:db8::1','ttl':3,'interface':'eth1'") ",'lifetime':7200,'copies':5,'lkh-degree':4,'wait':30" KEY(
			"pkcs11:object=k"));

	assert_int_equal(rekey->destination.family, 6);
	assert_int_equal(rekey->destination.port, 5000);
	assert_int_equal(rekey->source.family, 6);
	/* it leaves by our own port wherever it goes to */
	assert_int_equal(rekey->source.port, OUR_PORT);
	assert_int_equal(rekey->lifetime, 7200);
	assert_int_equal(rekey->copies, 5);
	assert_int_equal(rekey->lkh_degree, 4);
	assert_int_equal(rekey->wait, 30);
	assert_int_equal(config.rekey.ttl, 3);
	assert_string_equal(config.rekey.interface, "eth1");
	assert_string_equal(config.rekey.signature_uri, "pkcs11:object=k");
}

static void addresses(void **state)
{
	expect_problem(MULTICAST(ADDRESS("10.0.0.1")) IMPLICIT,
		       WORDS("10.0.0.1", "239.0.0.0/8"));
	expect_problem(MULTICAST(ADDRESS("2001:db8::1")) IMPLICIT,
		       WORDS("2001:db8::1", "ff00::/8"));
	/* of one link: which one? */
	expect_problem(MULTICAST(ADDRESS("ff02::5")) IMPLICIT,
		       WORDS("ff02::5", "interface"));
	expect_problem(MULTICAST(ADDRESS("ff01::5")) IMPLICIT,
		       WORDS("interface"));
	read_well(MULTICAST(ADDRESS("ff02::5") ",'interface':'eth0'") IMPLICIT);
	read_well(MULTICAST(ADDRESS("ff03::5")) IMPLICIT);
	read_well(MULTICAST(ADDRESS("224.0.0.200")) IMPLICIT);
}

static void sources(void **state)
{
	expect_problem(MULTICAST(ADDRESS("239.1.2.3") ",'source':'2001:db8::1'")
			       IMPLICIT,
		       WORDS("2001:db8::1", "same family", "239.1.2.3"));
	expect_problem(MULTICAST(ADDRESS("239.1.2.3") ",'source':'239.1.2.4'")
			       IMPLICIT,
		       WORDS("239.1.2.4", "unicast"));
	read_well(MULTICAST(ADDRESS("239.1.2.3") ",'source':'10.0.0.1'")
			  IMPLICIT);
}

/* Nobody gets a group where members forge by default. */
static void authentication(void **state)
{
	expect_problem(MULTICAST(ADDRESS("239.1.2.3")),
		       WORDS("signature URI", "implicit"));
}

/* 5 (DTD + 10) seconds: 125 with a DTD of 15. */
static void lifetimes(void **state)
{
	expect_problem(MULTICAST(ADDRESS("239.1.2.3")) IMPLICIT
		       ",'lifetime':124",
		       WORDS("124", "125 seconds"));
	read_well(MULTICAST(ADDRESS("239.1.2.3")) IMPLICIT ",'lifetime':125");
	assert_int_equal(read_rekey(MULTICAST(ADDRESS("239.1.2.3")) IMPLICIT
				    ",'lifetime':125",
				    16),
			 -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(inband),
		cmocka_unit_test(defaults),
		cmocka_unit_test(all_that_can_be_said),
		cmocka_unit_test(addresses),
		cmocka_unit_test(sources),
		cmocka_unit_test(authentication),
		cmocka_unit_test(lifetimes),
	};

	return cmocka_run_group_tests_name("config_rekey", tests, setup,
					   teardown);
}
