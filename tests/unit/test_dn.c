// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * lib/gikev2/gikev2_dn.c: distinguished names as text, and patterns of them.
 */
#include <openssl/x509.h>

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

/* ------------------------------------------------------------------ folding */

/* A name of one part or two, of values in the encodings given. */
static struct gikev2_id encoded(int type, const char *o, const char *cn,
				bool one_rdn)
{
	struct gikev2_id id = { .type = GIKEV2_ID_DER_ASN1_DN };
	X509_NAME *x509_name = X509_NAME_new();
	uint8_t *at = id.data;
	int len;

	X509_NAME_add_entry_by_NID(x509_name, NID_organizationName, type,
				   (const uint8_t *)o, -1, -1, 0);
	X509_NAME_add_entry_by_NID(x509_name, NID_commonName, type,
				   (const uint8_t *)cn, -1, -1,
				   one_rdn ? -1 : 0);
	len = i2d_X509_NAME(x509_name, NULL);
	assert_in_range(len, 1, GIKEV2_ID_MAX);
	id.len = (uint8_t)i2d_X509_NAME(x509_name, &at);
	X509_NAME_free(x509_name);
	return id;
}

/* Whatever certificates call one name, members do; and nothing else. */
static void folding(void **state)
{
	static const struct {
		int type;
		const char *o, *cn;
		bool same;
	} cases[] = {
		{ V_ASN1_UTF8STRING, "Example Net", "r1", true },
		{ V_ASN1_PRINTABLESTRING, "Example Net", "r1", true },
		{ V_ASN1_IA5STRING, "EXAMPLE  net", " R1 ", true },
		{ V_ASN1_T61STRING, "example net ", "r1", true },
		{ V_ASN1_UTF8STRING, "ExampleNet", "r1", false },
		{ V_ASN1_UTF8STRING, "Example Net", "r2", false },
		{ V_ASN1_UTF8STRING, "Example Net", "r\xc3\x89", false },
	};
	struct gikev2_id want = name("O=Example Net,CN=r1"), again, id;

	(void)state;
	assert_int_equal(gikev2_id_fold(&want), 0);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		id = encoded(cases[i].type, cases[i].o, cases[i].cn, false);
		assert_int_equal(gikev2_id_fold(&id), 0);
		if (gikev2_id_equal(&id, &want) != cases[i].same)
			fail_msg("%zu", i);
		again = id;
		assert_int_equal(gikev2_id_fold(&again), 0);
		assert_true(gikev2_id_equal(&id, &again));
	}
	/* patterns and certificates take both forms */
	assert_true(gikev2_dn_match("O=Example Net,CN=R*", &want));
	id = encoded(V_ASN1_UTF8STRING, "Example Net", "r1", true);
	assert_int_equal(gikev2_id_fold(&id), 0);
	assert_false(gikev2_id_equal(&id, &want));
}

/* BER leaves more than one way to write a length. */
static void folding_of_lengths(void **state)
{
	struct gikev2_id want = name("O=Example,CN=r1"), id = want;

	(void)state;
	assert_int_equal(gikev2_id_fold(&want), 0);
	memmove(id.data + 2, id.data + 1, id.len++ - 1);
	id.data[1] = 0x81;
	assert_int_equal(gikev2_id_fold(&id), 0);
	assert_true(gikev2_id_equal(&id, &want));
	/* what is no name stays what it is */
	id.len--;
	want = id;
	assert_int_equal(gikev2_id_fold(&id), 0);
	assert_true(gikev2_id_equal(&id, &want));
}

/* Each octet of T61 may become two. */
static void folding_too_long(void **state)
{
	char o[201] = "";
	struct gikev2_id id;

	(void)state;
	memset(o, 0xe9, 200);
	id = encoded(V_ASN1_T61STRING, o, "r1", false);
	assert_int_equal(gikev2_id_fold(&id), -GIKEV2_ERR_LIMIT);
}

static void folding_of_others(void **state)
{
	static const struct {
		uint8_t type;
		const char *from, *to;
	} cases[] = {
		{ GIKEV2_ID_FQDN, "R1.Example.NET", "r1.example.net" },
		{ GIKEV2_ID_RFC822_ADDR, "A@B@Example.NET", "A@B@example.net" },
		{ GIKEV2_ID_RFC822_ADDR, "NOC", "NOC" },
		{ GIKEV2_ID_KEY_ID, "CORE", "CORE" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct gikev2_id id = { .type = cases[i].type };

		id.len = (uint8_t)strlen(cases[i].from);
		memcpy(id.data, cases[i].from, id.len);
		assert_int_equal(gikev2_id_fold(&id), 0);
		assert_int_equal(id.len, strlen(cases[i].to));
		assert_memory_equal(id.data, cases[i].to, id.len);
	}
}

/* Two names in one RDN are not two RDNs. */
static void match_of_one_rdn(void **state)
{
	struct gikev2_id id =
		encoded(V_ASN1_UTF8STRING, "Example", "r1", false);

	(void)state;
	assert_true(gikev2_dn_match("O=Example,CN=*", &id));
	id = encoded(V_ASN1_UTF8STRING, "Example", "r1", true);
	assert_false(gikev2_dn_match("O=Example,CN=*", &id));
	assert_false(gikev2_dn_match("CN=*,O=Example", &id));
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
		cmocka_unit_test(there_and_back),
		cmocka_unit_test(escapes),
		cmocka_unit_test(malformed),
		cmocka_unit_test(too_long),
		cmocka_unit_test(patterns),
		cmocka_unit_test(no_names),
		cmocka_unit_test(folding),
		cmocka_unit_test(folding_of_lengths),
		cmocka_unit_test(folding_too_long),
		cmocka_unit_test(folding_of_others),
		cmocka_unit_test(match_of_one_rdn),
		cmocka_unit_test(literal),
	};

	return cmocka_run_group_tests_name("dn", tests, NULL, clear_pki);
}
