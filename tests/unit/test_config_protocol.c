// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a key server's group makes keys for, as it is configured: algorithms of
 * key chains, ESP and AH, fallbacks, the form of policies.
 */
#include <zebra.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <libyang/libyang.h>

#include "mrkmd/mrkm_config.h"

static struct ly_ctx *ctx;
static struct lyd_node *data;
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

/* Reads a group with that JSON (single quotes) in it, after its name. */
static int read_group(const char *more, struct gikev2_group_config *config)
{
	char json[2048];
	struct lyd_node *node;

	snprintf(
		json, sizeof(json),
		"{'frr-mrkmd:mrkmd':{'mrkm':{'key-server':{'group':[{'name':'CORE'%s}]}}}}",
		more);
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
	memset(config, 0, sizeof(*config));
	problem[0] = '\0';
	return mrkm_config_read_ks_protocols(node, config, problem,
					     sizeof(problem));
}

static struct gikev2_group_config config;

/* The only protocol of that group. */
static const struct gikev2_group_protocol *read_protocol(const char *more)
{
	if (read_group(more, &config))
		fail_msg("%s", problem);
	assert_int_equal(config.protocol_count, 1);
	return &config.protocols[0];
}

/* Refused with a sentence that has all these words. */
static void expect_problem(const char *more, const char *const words[])
{
	assert_int_equal(read_group(more, &config), -1);
	for (size_t i = 0; words[i]; i++)
		if (!strstr(problem, words[i]))
			fail_msg("no \"%s\" in: %s", words[i], problem);
}

#define WORDS(...) ((const char *const[]){ __VA_ARGS__, NULL })

static void expect_suite(const struct keytable_suite *suite, const char *text)
{
	char buf[KEYTABLE_ALGORITHM_TEXT];

	assert_string_equal(keytable_suite_text(suite, buf, sizeof(buf)), text);
}

#define PROTOCOL(name, more)                                                   \
	",'protocol':[{'name':'" name "','lifetime':3600," more "}]"
#define ALGORITHM(name) "'algorithm':'" name "'"
#define ESP(encryption) "'esp':{'encryption':'" encryption "'}"
#define ESP_AND(encryption, integrity)                                         \
	"'esp':{'encryption':'" encryption "','integrity':'" integrity "'}"
#define AH(integrity) "'ah':{'integrity':'" integrity "'}"

static void key_chains(void **state)
{
	const struct gikev2_group_protocol *p;

	p = read_protocol(PROTOCOL("ospfv2", ALGORITHM("hmac-sha-512")));
	assert_int_equal(p->protocol, 201);
	assert_int_equal(p->algorithm, KEYTABLE_HMAC_SHA_512);
	assert_int_equal(p->lifetime, 3600);
	assert_int_equal(p->fallback_count, 0);
	expect_problem(PROTOCOL("ospfv9", ALGORITHM("md5")),
		       WORDS("ospfv9", "ospfv2", "pim-ipsec"));
	expect_problem(PROTOCOL("ospfv3", ALGORITHM("md5")),
		       WORDS("ospfv3", "\"md5\"", "hmac-sha-256"));
}

static void esp_and_ah(void **state)
{
	const struct gikev2_group_protocol *p;

	p = read_protocol(
		PROTOCOL("pim-ipsec", ESP_AND("null", "hmac-sha-256-128")));
	assert_int_equal(p->protocol, 203);
	assert_int_equal(p->algorithm, 0);
	assert_false(p->per_sender);
	expect_suite(&p->suite, "esp null hmac-sha-256-128");
	assert_int_equal(config.sender_id_bits, 16);
	assert_false(config.plain);

	p = read_protocol(PROTOCOL("ospfv3-ipsec", AH("hmac-sha-512-256")));
	assert_int_equal(p->protocol, 202);
	expect_suite(&p->suite, "ah hmac-sha-512-256");

	p = read_protocol(PROTOCOL("ospfv3-ipsec",
				   ESP("aes-gcm-256") ",'per-sender':true"));
	assert_true(p->per_sender);
	expect_suite(&p->suite, "esp aes-gcm-256");
}

/* Every transform of the table can be configured where it makes sense. */
static void transforms_are_those_of_the_table(void **state)
{
	const struct keytable_transform *table;
	const struct gikev2_group_protocol *p;
	char text[512];
	size_t count;

	table = keytable_transforms(&count);
	for (size_t i = 0; i < count; i++) {
		if (table[i].type == KEYTABLE_INTEG)
			snprintf(text, sizeof(text),
				 PROTOCOL("pim-ipsec", AH("%s")),
				 table[i].name);
		else
			snprintf(text, sizeof(text),
				 PROTOCOL("pim-ipsec",
					  "'esp':{'encryption':'%s'%s}"),
				 table[i].name,
				 table[i].aead
					 ? ""
					 : ",'integrity':'hmac-sha-256-128'");
		p = read_protocol(text);
		assert_true(keytable_suite_bits(&p->suite) &
			    keytable_transform_bit(&table[i]));
	}
}

static void what_does_not_go_together(void **state)
{
	expect_problem(PROTOCOL("pim-ipsec", ALGORITHM("hmac-sha-256")),
		       WORDS("pim-ipsec", "IPsec", "esp encryption"));
	expect_problem(PROTOCOL("ospfv2", AH("hmac-sha-256-128")),
		       WORDS("ospfv2", "\"algorithm\"", "hmac-sha-512"));
	expect_problem(PROTOCOL("pim-ipsec", ESP("rot13")),
		       WORDS("encryption \"rot13\"", "aes-gcm-256"));
	expect_problem(PROTOCOL("pim-ipsec", AH("hmac-sha-256")),
		       WORDS("integrity \"hmac-sha-256\"", "hmac-sha-256-128"));
	expect_problem(PROTOCOL("pim-ipsec", ESP("aes-cbc-128")),
		       WORDS("aes-cbc-128", "forged", "hmac-sha-256-128"));
	expect_problem(PROTOCOL("pim-ipsec",
				ESP_AND("aes-gcm-128", "hmac-sha-256-128")),
		       WORDS("aes-gcm-128", "built in", "hmac-sha-256-128"));
	expect_problem(PROTOCOL("ospfv2",
				ALGORITHM("md5") ",'per-sender':true"),
		       WORDS("ospfv2", "per-sender"));
}

/* Their places are an order, and may have holes. */
static void fallbacks(void **state)
{
	const struct gikev2_group_protocol *p;

	p = read_protocol(PROTOCOL(
		"pim-ipsec",
		ESP("aes-gcm-256") ",'per-sender':true,'fallback':["
				   "{'place':3," AH(
					   "hmac-sha-256-128") "},"
							       "{'place':1," ESP(
								       "aes-gcm-128") "}]"));
	assert_int_equal(p->fallback_count, 2);
	expect_suite(&p->fallback[0].suite, "esp aes-gcm-128");
	expect_suite(&p->fallback[1].suite, "ah hmac-sha-256-128");

	p = read_protocol(PROTOCOL(
		"ospfv2",
		ALGORITHM(
			"hmac-sha-512") ",'fallback':["
					"{'place':1," ALGORITHM(
						"hmac-sha-256") "},"
								"{'place':2," ALGORITHM(
									"md5") "}]"));
	assert_int_equal(p->algorithm, KEYTABLE_HMAC_SHA_512);
	assert_int_equal(p->fallback_count, 2);
	assert_int_equal(p->fallback[0].algorithm, KEYTABLE_HMAC_SHA_256);
	assert_int_equal(p->fallback[1].algorithm, KEYTABLE_KEYED_MD5);

	expect_problem(
		PROTOCOL("pim-ipsec",
			 ESP("aes-gcm-256") ",'fallback':[{'place':2," ESP(
				 "null") "}]"),
		WORDS("fallback 2", "integrity"));
}

#define PLAIN ",'policy-form':'plain'"

static void plain_form(void **state)
{
	read_protocol(PLAIN PROTOCOL("pim-ipsec", AH("hmac-sha-256-128")));
	assert_true(config.plain);
	expect_problem(PLAIN PROTOCOL("pim-ipsec",
				      ESP("aes-gcm-128") ",'per-sender':true"),
		       WORDS("pim-ipsec", "per-sender", "plain"));
	expect_problem(PLAIN PROTOCOL("ospfv2", ALGORITHM("md5")),
		       WORDS("ospfv2", "policy-form plain"));
}

static void sender_ids(void **state)
{
	read_protocol(PROTOCOL("pim-ipsec",
			       ESP("aes-gcm-128")) ",'sender-id-bits':8");
	assert_int_equal(config.sender_id_bits, 8);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(key_chains),
		cmocka_unit_test(esp_and_ah),
		cmocka_unit_test(transforms_are_those_of_the_table),
		cmocka_unit_test(what_does_not_go_together),
		cmocka_unit_test(fallbacks),
		cmocka_unit_test(plain_form),
		cmocka_unit_test(sender_ids),
	};

	return cmocka_run_group_tests_name("config of protocols", tests, setup,
					   teardown);
}
