// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * mrkmd/mrkm_pattern.c: which identities a pattern is for, and which of two
 * patterns is the more exact one.
 */
#include <arpa/inet.h>

#include "gikev2/gikev2_cert.h"
#include "mrkmd/mrkm_pattern.h"
#include "test_util.h"

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))

static struct gikev2_id identity(const char *type, const char *value)
{
	struct gikev2_id id = { 0 };

	if (!strcmp(type, "dn")) {
		assert_int_equal(gikev2_dn_parse(value, &id), 0);
		return id;
	}
	if (!strcmp(type, "address")) {
		bool v6 = strchr(value, ':');

		id.type = v6 ? GIKEV2_ID_IPV6_ADDR : GIKEV2_ID_IPV4_ADDR;
		id.len = v6 ? 16 : 4;
		assert_int_equal(
			inet_pton(v6 ? AF_INET6 : AF_INET, value, id.data), 1);
		return id;
	}
	id.type = !strcmp(type, "fqdn")	   ? GIKEV2_ID_FQDN
		  : !strcmp(type, "email") ? GIKEV2_ID_RFC822_ADDR
					   : GIKEV2_ID_KEY_ID;
	id.len = (uint8_t)strlen(value);
	memcpy(id.data, value, id.len);
	return id;
}

static struct gikev2_id pattern(const char *type, const char *value)
{
	struct gikev2_id id;

	assert_true(mrkm_pattern_is(type, value));
	assert_true(mrkm_pattern_read(type, value, &id));
	return id;
}

static void which_are_patterns(void **state)
{
	(void)state;
	assert_true(mrkm_pattern_is("fqdn", "*.example.net"));
	assert_true(mrkm_pattern_is("email", "*@example.net"));
	assert_true(mrkm_pattern_is("address", "10.0.0.0/8"));
	assert_true(mrkm_pattern_is("dn", "O=Example,CN=r1"));
	assert_false(mrkm_pattern_is("fqdn", "r1.example.net"));
	assert_false(mrkm_pattern_is("address", "10.0.0.1"));
	/* octets of any kind, and nothing else */
	assert_false(mrkm_pattern_is("key-id", "*"));
	assert_false(mrkm_pattern_is("key-id", "a/b"));
}

static void malformed(void **state)
{
	static const struct {
		const char *type, *value;
	} bad[] = {
		{ "fqdn", "*example.net" },
		{ "fqdn", "r*.example.net" },
		{ "fqdn", "*.*.net" },
		{ "fqdn", "*." },
		{ "email", "*.example.net" },
		{ "email", "noc*@example.net" },
		{ "address", "10.0.0.0/33" },
		{ "address", "10.0.0.0/" },
		{ "address", "10.0.0/8" },
		{ "address", "10.0.0.0/8x" },
		{ "address", "2001:db8::/129" },
		{ "address", "/8" },
		{ "address", "10.0.0.0/-1" },
		{ "dn", "r1" },
		{ "dn", "" },
	};
	struct gikev2_id id;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		if (mrkm_pattern_read(bad[i].type, bad[i].value, &id))
			fail_msg("%s %s", bad[i].type, bad[i].value);
}

static void matches(void **state)
{
	static const struct {
		const char *type, *pattern, *of, *value;
		bool match;
	} cases[] = {
		{ "fqdn", "*.example.net", "fqdn", "r1.example.net", true },
		{ "fqdn", "*.example.net", "fqdn", "a.b.EXAMPLE.net", true },
		{ "fqdn", "*.example.net", "fqdn", "example.net", false },
		{ "fqdn", "*.example.net", "fqdn", ".example.net", false },
		{ "fqdn", "*.example.net", "fqdn", "r1.badexample.net", false },
		{ "fqdn", "*.example.net", "fqdn", "r1.example.net.org",
		  false },
		{ "fqdn", "*.example.net", "key-id", "r1.example.net", false },
		{ "fqdn", "*.example.net", "email", "a@r1.example.net", false },
		{ "fqdn", "*", "fqdn", "r1", true },
		{ "email", "*@example.net", "email", "noc@example.net", true },
		{ "email", "*@example.net", "email", "noc@a.example.net",
		  false },
		{ "address", "10.1.0.0/16", "address", "10.1.255.1", true },
		{ "address", "10.1.0.0/16", "address", "10.2.0.1", false },
		{ "address", "10.1.128.0/17", "address", "10.1.127.1", false },
		{ "address", "10.1.128.0/17", "address", "10.1.128.1", true },
		{ "address", "0.0.0.0/0", "address", "192.0.2.1", true },
		{ "address", "0.0.0.0/0", "address", "2001:db8::1", false },
		{ "address", "192.0.2.1/32", "address", "192.0.2.1", true },
		{ "address", "192.0.2.1/32", "address", "192.0.2.2", false },
		{ "address", "2001:db8::/33", "address", "2001:db8:7fff::1",
		  true },
		{ "address", "2001:db8::/33", "address", "2001:db8:8000::1",
		  false },
		{ "dn", "O=Example,CN=*", "dn", "O=Example,CN=r1", true },
		{ "dn", "O=Example,CN=*", "dn", "O=Other,CN=r1", false },
		{ "dn", "O=Example,CN=*", "fqdn", "O=Example,CN=r1", false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct gikev2_id p = pattern(cases[i].type, cases[i].pattern);
		struct gikev2_id id = identity(cases[i].of, cases[i].value);

		if (mrkm_pattern_match(&p, &id) != cases[i].match)
			fail_msg("%s %s, %s", cases[i].type, cases[i].pattern,
				 cases[i].value);
	}
}

/* A stranger may call himself anything. */
static void odd_identities(void **state)
{
	struct gikev2_id p = pattern("fqdn", "*.example.net");
	struct gikev2_id id = identity("fqdn", "r1.example.net");

	(void)state;
	id.data[0] = '\0';
	assert_false(mrkm_pattern_match(&p, &id));
	/* what would write into a terminal, or break out of a line */
	for (int c = 1; c < 256; c++) {
		id.data[0] = (uint8_t)c;
		assert_int_equal(mrkm_pattern_match(&p, &id),
				 c > ' ' && c < 0x7f);
	}
	id.len = 0;
	assert_false(mrkm_pattern_match(&p, &id));
	p = pattern("address", "10.0.0.0/8");
	id = identity("address", "10.0.0.1");
	for (id.len = 0; id.len < 10; id.len++)
		assert_int_equal(mrkm_pattern_match(&p, &id), id.len == 4);
}

/* Each is more exact than the one before. */
static void ranks(void **state)
{
	static const struct {
		const char *type, *patterns[4];
	} cases[] = {
		{ "fqdn",
		  { "*", "*.net", "*.example.net", "*.a.example.net" } },
		{ "email", { "*", "*@example.net" } },
		{ "address",
		  { "0.0.0.0/0", "10.0.0.0/8", "10.0.0.0/24", "10.0.0.1/32" } },
		{ "dn",
		  { "O=*,CN=*", "O=Example,CN=*", "O=Example,CN=r*",
		    "O=E,CN=r" } },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		for (size_t n = 1; n < 4 && cases[i].patterns[n]; n++) {
			struct gikev2_id a = pattern(cases[i].type,
						     cases[i].patterns[n - 1]);
			struct gikev2_id b =
				pattern(cases[i].type, cases[i].patterns[n]);

			assert_true(mrkm_pattern_rank(&a) <
				    mrkm_pattern_rank(&b));
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(which_are_patterns),
		cmocka_unit_test(malformed),
		cmocka_unit_test(matches),
		cmocka_unit_test(odd_identities),
		cmocka_unit_test(ranks),
	};

	return cmocka_run_group_tests_name("pattern", tests, NULL, NULL);
}
