// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * lib/gikev2/gikev2_dn.c: distinguished names as text, and patterns of them.
 */
#include "gikev2/gikev2_cert.h"
#include "pki.h"
#include "test_util.h"

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))

static struct gikev2_id name(const char *subject)
{
	struct gikev2_chunk der = pki_name(subject);
	struct gikev2_id id = { .type = GIKEV2_ID_DER_ASN1_DN };

	assert_true(der.len <= sizeof(id.data));
	id.len = (uint8_t)der.len;
	memcpy(id.data, der.ptr, der.len);
	return id;
}

static int clear_pki(void **state)
{
	(void)state;
	pki_clear();
	return 0;
}

/* The octets are those that OpenSSL makes of a subject, and come back as text. */
static void there_and_back(void **state)
{
	static const char *const names[] = {
		"CN=r1",
		"O=Example,CN=r1.example.net",
		"C=DE,O=Example,OU=Net,CN=r1",
	};
	char text[256];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		struct gikev2_id id, want = name(names[i]);

		assert_int_equal(gikev2_dn_parse(names[i], &id), 0);
		assert_true(gikev2_id_equal(&id, &want));
		assert_true(gikev2_dn_text(&id, text, sizeof(text)));
		assert_string_equal(text, names[i]);
	}
}

static void escapes(void **state)
{
	struct gikev2_id id;
	char text[256];

	(void)state;
	assert_int_equal(
		gikev2_dn_parse("O=Example\\, Inc\\2B\\20Co,CN=\\*", &id), 0);
	assert_true(gikev2_dn_text(&id, text, sizeof(text)));
	assert_string_equal(text, "O=Example\\, Inc\\+ Co,CN=*");
	assert_true(gikev2_dn_match("O=Example\\2c Inc\\+\\20Co,CN=\\*", &id));
	assert_false(
		gikev2_dn_match("O=Example\\2c Inc\\+\\20Co,CN=\\*\\*", &id));
}

static void malformed(void **state)
{
	static const char *const bad[] = {
		"",	    "r1",      "CN=",	     "=r1",
		"CN=r1,",   ",CN=r1",  "CN=r1,,O=x", "Nothing=r1",
		"CN=a+O=b", "CN=r1\\", "CN=\\2",     "O=x,r1",
	};
	struct gikev2_id id;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		assert_int_equal(gikev2_dn_parse(bad[i], &id),
				 -GIKEV2_ERR_CERT_MALFORMED);
		assert_int_equal(id.len, 0);
		assert_true(gikev2_dn_literal(bad[i]) < 0);
	}
	/* a name has no asterisk that stands for something */
	assert_int_equal(gikev2_dn_parse("O=x,CN=*", &id),
			 -GIKEV2_ERR_CERT_MALFORMED);
}

/* What does not fit into an identity. */
static void too_long(void **state)
{
	char text[600] = "O=x";
	struct gikev2_id id;

	(void)state;
	for (int i = 0; i < 6; i++)
		strcat(text, ",OU=0123456789012345678901234567890123456789");
	assert_int_equal(gikev2_dn_parse(text, &id),
			 -GIKEV2_ERR_CERT_MALFORMED);
	for (int i = 0; i < 6; i++)
		strcat(text, ",OU=0123456789");
	strcat(text, ",OU=1,OU=2,OU=3,OU=4");
	assert_true(gikev2_dn_literal(text) < 0);
}

static void patterns(void **state)
{
	static const struct {
		const char *pattern;
		bool match;
	} cases[] = {
		{ "O=Example,CN=r1.example.net", true },
		{ "O=EXAMPLE,CN=R1.example.NET", true },
		{ "O=Example,CN=*", true },
		{ "O=*,CN=*", true },
		{ "O=Ex*,CN=r*.net", true },
		{ "O=*,CN=*.*.*", true },
		{ "O=Example,CN=*r1*", true },
		{ "O=Example,CN=**", true },
		{ "O=Example,CN=r2*", false },
		{ "O=Example,CN=*.org", false },
		{ "O=Example,CN=*.*.*.*", false },
		{ "O=Example,CN=r1.example.ne", false },
		{ "O=Example,CN=\\*", false },
		/* no part is left out, and order counts */
		{ "O=Example", false },
		{ "CN=*", false },
		{ "CN=*,O=*", false },
		{ "O=Example,CN=*,CN=*", false },
		{ "O=Example,CN=*,OU=*", false },
		{ "OU=*,CN=*", false },
		{ "nonsense", false },
	};
	struct gikev2_id id = name("O=Example,CN=r1.example.net");

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		if (gikev2_dn_match(cases[i].pattern, &id) != cases[i].match)
			fail_msg("%s", cases[i].pattern);
}

static void no_names(void **state)
{
	struct gikev2_id id = name("O=Example,CN=r1");
	char text[64];

	(void)state;
	assert_true(gikev2_dn_match("O=*,CN=*", &id));
	id.type = GIKEV2_ID_KEY_ID;
	assert_false(gikev2_dn_match("O=*,CN=*", &id));
	id.type = GIKEV2_ID_DER_ASN1_DN;
	id.len--;
	assert_false(gikev2_dn_match("O=*,CN=*", &id));
	assert_false(gikev2_dn_text(&id, text, sizeof(text)));
	id = name("O=Example,CN=r1");
	id.data[id.len++] = 0;
	assert_false(gikev2_dn_match("O=*,CN=*", &id));
	id.len = 0;
	assert_false(gikev2_dn_match("O=*,CN=*", &id));
}

static void literal(void **state)
{
	(void)state;
	assert_int_equal(gikev2_dn_literal("O=Example,CN=*"), 7);
	assert_int_equal(gikev2_dn_literal("O=Example,CN=r*"), 8);
	assert_int_equal(gikev2_dn_literal("O=*,CN=\\*"), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(there_and_back), cmocka_unit_test(escapes),
		cmocka_unit_test(malformed),	  cmocka_unit_test(too_long),
		cmocka_unit_test(patterns),	  cmocka_unit_test(no_names),
		cmocka_unit_test(literal),
	};

	return cmocka_run_group_tests_name("dn", tests, NULL, clear_pki);
}
