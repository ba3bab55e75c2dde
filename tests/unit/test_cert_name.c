// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * lib/gikev2/gikev2_cert_name.c, gikev2_credential.c: whom a certificate names,
 * and which of ours is shown to whom.
 */
#include <openssl/evp.h>
#include <openssl/x509.h>

#include "gikev2/gikev2_cert.h"
#include "pki.h"
#include "test_util.h"

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))

static char problem[GIKEV2_PROBLEM_MAX];

static struct gikev2_id make_id(uint8_t type, const void *octets, size_t len)
{
	struct gikev2_id id = { .type = type, .len = (uint8_t)len };

	assert_true(len <= sizeof(id.data));
	memcpy(id.data, octets, len);
	return id;
}

static const struct pki_cert *named(const char *subject, const char *names)
{
	return pki_issue(NULL, &(struct pki_spec){ .subject = subject,
						   .names = names });
}

static bool names(const struct pki_cert *cert, uint8_t type, const void *octets,
		  size_t len)
{
	struct gikev2_id id = make_id(type, octets, len);
	int ret = gikev2_cert_names(cert->der, &id);

	assert_true(ret == 0 || ret == -GIKEV2_ERR_CERT_NAME);
	return ret == 0;
}

static bool names_fqdn(const struct pki_cert *cert, const char *name)
{
	return names(cert, GIKEV2_ID_FQDN, name, strlen(name));
}

static bool names_email(const struct pki_cert *cert, const char *name)
{
	return names(cert, GIKEV2_ID_RFC822_ADDR, name, strlen(name));
}

static bool names_hex(const struct pki_cert *cert, uint8_t type,
		      const char *hex)
{
	struct test_octets octets = test_hex(hex);

	return names(cert, type, octets.octets, octets.len);
}

static bool names_dn(const struct pki_cert *cert, const char *subject)
{
	struct gikev2_chunk der = pki_name(subject);

	return names(cert, GIKEV2_ID_DER_ASN1_DN, der.ptr, der.len);
}

/* ------------------------------------------------------------------- names */

static void fqdn(void **state)
{
	const struct pki_cert *cert = named("CN=cn.example.net",
					    "DNS:r1.example.net,"
					    "DNS:R2.Example.NET,"
					    "email:ops@mail.example.net");

	assert_true(names_fqdn(cert, "r1.example.net"));
	assert_true(names_fqdn(cert, "R1.EXAMPLE.net"));
	assert_true(names_fqdn(cert, "r2.example.net"));
	assert_false(names_fqdn(cert, "r3.example.net"));
	assert_false(names_fqdn(cert, "r1.example.ne"));
	assert_false(names_fqdn(cert, "r1.example.net."));
	assert_false(names_fqdn(cert, ".r1.example.net"));
	assert_false(names_fqdn(cert, "example.net"));
	assert_false(names_fqdn(cert, ""));
	/* the subject's CN is no name, nor is another kind of name */
	assert_false(names_fqdn(cert, "cn.example.net"));
	assert_false(names_fqdn(cert, "ops@mail.example.net"));
	assert_false(names_email(cert, "r1.example.net"));
}

static void fqdn_without_names(void **state)
{
	const struct pki_cert *cert = named("CN=r1.example.net", NULL);

	assert_false(names_fqdn(cert, "r1.example.net"));
	assert_false(names_email(cert, "r1.example.net"));
}

static void fqdn_wildcard(void **state)
{
	const struct pki_cert *cert = named("CN=x", "DNS:*.example.net");

	assert_false(names_fqdn(cert, "r1.example.net"));
	assert_false(names_fqdn(cert, "*.example.net"));
}

/* What a C string would end at, and letters that are none. */
static void fqdn_odd_octets(void **state)
{
	static const struct {
		const char *in;
		size_t len;
	} rows[] = {
		{ "r1.example.net\0.evil.example", 28 },
		{ "r1.example.net\0", 15 },
		{ "\0r1.example.net", 15 },
		{ "r1.example.net\n", 15 },
		{ "r1.ex\xc3\xa4mple.net", 15 },
		{ "r1 example.net", 14 },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct pki_cert *cert = pki_issue(
			NULL, &(struct pki_spec){
				      .subject = "CN=x",
				      .dns = { (const uint8_t *)rows[i].in,
					       rows[i].len } });

		assert_false(names_fqdn(cert, "r1.example.net"));
		/* not even the very same octets */
		assert_false(
			names(cert, GIKEV2_ID_FQDN, rows[i].in, rows[i].len));
	}
}

static void email(void **state)
{
	const struct pki_cert *cert =
		named("emailAddress=cn@example.net",
		      "email:Ops@Example.net,DNS:a@b.example");

	assert_true(names_email(cert, "Ops@Example.net"));
	assert_true(names_email(cert, "Ops@eXAMPLE.NET"));
	assert_false(names_email(cert, "ops@example.net"));
	assert_false(names_email(cert, "Ops@example.net.org"));
	assert_false(names_email(cert, "Ops"));
	assert_false(names_email(cert, "@Example.net"));
	assert_false(names_email(cert, "Ops@"));
	assert_false(names_email(cert, ""));
	assert_false(names_email(cert, "cn@example.net"));
	assert_false(names_email(cert, "a@b.example"));
	assert_false(
		names(cert, GIKEV2_ID_RFC822_ADDR, "Ops@Example.net\0", 16));
}

static void addresses(void **state)
{
	const struct pki_cert *cert = named(
		"CN=192.0.2.9", "IP:192.0.2.1,IP:2001:db8::1,DNS:192.0.2.7");

	assert_true(names_hex(cert, GIKEV2_ID_IPV4_ADDR, "c0000201"));
	assert_false(names_hex(cert, GIKEV2_ID_IPV4_ADDR, "c0000202"));
	assert_false(names_hex(cert, GIKEV2_ID_IPV4_ADDR, "c00002"));
	assert_false(names_hex(cert, GIKEV2_ID_IPV4_ADDR, ""));
	assert_true(names_hex(cert, GIKEV2_ID_IPV6_ADDR,
			      "20010db8000000000000000000000001"));
	assert_false(names_hex(cert, GIKEV2_ID_IPV6_ADDR,
			       "20010db8000000000000000000000002"));
	/* one family's octets under the other's type */
	assert_false(names_hex(cert, GIKEV2_ID_IPV6_ADDR, "c0000201"));
	assert_false(names_hex(cert, GIKEV2_ID_IPV4_ADDR,
			       "20010db8000000000000000000000001"));
	/* an address in another place is none */
	assert_false(names_hex(cert, GIKEV2_ID_IPV4_ADDR, "c0000207"));
	assert_false(names_hex(cert, GIKEV2_ID_IPV4_ADDR, "c0000209"));
	assert_false(names_fqdn(cert, "192.0.2.1"));
}

static void distinguished_name(void **state)
{
	const struct pki_cert *cert =
		named("C=DE,O=Example Networks,CN=r1", "DNS:r1.example.net");
	struct gikev2_chunk der = pki_name("C=DE,O=Example Networks,CN=r1");
	uint8_t *long_form = pki_keep(der.ptr, der.len + 1);

	assert_true(names_dn(cert, "C=DE,O=Example Networks,CN=r1"));
	/* RFC 5280 section 7.1 */
	assert_true(names_dn(cert, "C=DE,O=EXAMPLE  networks,CN=R1"));
	assert_false(names_dn(cert, "C=DE,O=Example Networks,CN=r2"));
	assert_false(names_dn(cert, "O=Example Networks,C=DE,CN=r1"));
	assert_false(names_dn(cert, "C=DE,O=Example Networks"));
	assert_false(names_dn(cert, "C=DE,O=Example Networks,CN=r1,CN=r1"));
	assert_false(names(cert, GIKEV2_ID_DER_ASN1_DN, der.ptr, der.len - 1));
	long_form[der.len] = 0;
	assert_false(
		names(cert, GIKEV2_ID_DER_ASN1_DN, long_form, der.len + 1));
	assert_false(names(cert, GIKEV2_ID_DER_ASN1_DN, "CN=r1", 5));
	assert_false(names(cert, GIKEV2_ID_DER_ASN1_DN, "", 0));
}

/* A certificate without a subject is nobody, not everybody. */
static void empty_subject(void **state)
{
	const struct pki_cert *cert = named(NULL, "DNS:r1.example.net");

	assert_false(names_hex(cert, GIKEV2_ID_DER_ASN1_DN, "3000"));
	assert_true(names_fqdn(cert, "r1.example.net"));
}

static void other_identities(void **state)
{
	const struct pki_cert *cert = named("CN=r1", "DNS:r1,email:r1,URI:r1");
	static const uint8_t types[] = {
		GIKEV2_ID_NONE, 4, 10, GIKEV2_ID_KEY_ID, 12, 13, 255
	};

	assert_true(names_fqdn(cert, "r1"));
	for (size_t i = 0; i < ARRAY_LEN(types); i++) {
		assert_false(names(cert, types[i], "r1", 2));
		assert_false(names(cert, types[i], "", 0));
	}
}

static void names_of_garbage(void **state)
{
	struct gikev2_id id = make_id(GIKEV2_ID_FQDN, "r1", 2);
	struct gikev2_chunk der = { (const uint8_t *)"\x30\x03\x02\x01\x01",
				    5 };

	assert_int_equal(gikev2_cert_names(der, &id),
			 -GIKEV2_ERR_CERT_MALFORMED);
}

/* What the line says of a name that does not fit. */
static void lines(void **state)
{
	const struct pki_cert *root = pki_ca(NULL, "CN=Root");
	const struct pki_cert *cert = pki_router(root, "r1.example.net");
	struct gikev2_chunk dn = pki_name("O=Example,CN=\nr2");
	const struct {
		struct gikev2_id id;
		const char *text;
	} rows[] = {
		{ make_id(GIKEV2_ID_FQDN, "r2.example.net", 14),
		  "\"fqdn r2.example.net\"" },
		{ make_id(GIKEV2_ID_IPV4_ADDR, "\xc0\0\2\1", 4),
		  "\"address 192.0.2.1\"" },
		{ make_id(GIKEV2_ID_DER_ASN1_DN, dn.ptr, dn.len),
		  "\"dn O=Example,CN=\\0Ar2\"" },
		{ make_id(GIKEV2_ID_KEY_ID, "\n", 1), "\"key-id \\x0a\"" },
	};
	struct gikev2_anchors *anchors = gikev2_anchors_new();

	gikev2_anchors_add(anchors, GIKEV2_TRUST_ANCHOR, root->der);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct gikev2_key *key;

		assert_int_equal(gikev2_cert_verify(anchors, &cert->der, 1,
						    &rows[i].id, PKI_NOW, &key,
						    problem, sizeof(problem)),
				 -GIKEV2_ERR_CERT_NAME);
		if (!strstr(problem, rows[i].text))
			fail_msg("\"%s\" lacks %s", problem, rows[i].text);
		assert_non_null(strstr(problem, "CN=r1.example.net"));
	}
	gikev2_anchors_free(anchors);
}

static void info(void **state)
{
	struct gikev2_cert_info got;

	assert_int_equal(
		gikev2_cert_get_info(named("O=Example,CN=r1", NULL)->der, &got),
		0);
	assert_string_equal(got.subject, "O=Example,CN=r1");
	assert_true(got.from == PKI_FROM);
	assert_true(got.until == PKI_UNTIL);
	assert_int_equal(gikev2_cert_get_info(named(NULL, NULL)->der, &got), 0);
	assert_string_equal(got.subject, "(empty)");
	assert_int_equal(gikev2_cert_get_info((struct gikev2_chunk){ NULL, 0 },
					      &got),
			 -GIKEV2_ERR_CERT_MALFORMED);
}

/* -------------------------------------------------------- what we show */

static struct gikev2_key *private_key(const struct pki_cert *cert)
{
	struct gikev2_key *key;

	assert_int_equal(gikev2_key_new(cert->key, true, &key), 0);
	return key;
}

static struct gikev2_credential *credential_of(const struct pki_cert *cert,
					       const struct gikev2_chunk *certs,
					       size_t count)
{
	struct gikev2_key *key = private_key(cert);
	struct gikev2_credential *credential;

	assert_int_equal(gikev2_credential_new(key, certs, count, &credential,
					       problem, sizeof(problem)),
			 0);
	assert_string_equal(problem, "");
	gikev2_key_free(key);
	return credential;
}

/* Its own certificate first, in what order ever they were given; no root. */
static void certs_sent(void **state)
{
	const struct pki_cert *root = pki_ca(NULL, "CN=Root");
	const struct pki_cert *ca = pki_ca(root, "CN=CA");
	const struct pki_cert *cert = pki_router(ca, "r1.example.net");
	struct gikev2_chunk orders[][3] = {
		{ cert->der, ca->der, root->der },
		{ root->der, ca->der, cert->der },
		{ ca->der, cert->der, root->der },
	};
	struct gikev2_chunk sent[GIKEV2_CERTS_MAX];

	for (size_t i = 0; i < ARRAY_LEN(orders); i++) {
		struct gikev2_credential *credential =
			credential_of(cert, orders[i], 3);

		assert_int_equal(gikev2_credential_certs(credential, sent), 2);
		assert_int_equal(sent[0].len, cert->der.len);
		assert_memory_equal(sent[0].ptr, cert->der.ptr, sent[0].len);
		assert_int_equal(sent[1].len, ca->der.len);
		assert_memory_equal(sent[1].ptr, ca->der.ptr, sent[1].len);
		assert_true(
			gikev2_key_private(gikev2_credential_key(credential)));
		gikev2_credential_free(credential);
	}
}

/* A router that is its own CA does send its certificate. */
static void self_signed_sent(void **state)
{
	const struct pki_cert *self = named("CN=r1", "DNS:r1");
	struct gikev2_credential *credential =
		credential_of(self, &self->der, 1);
	struct gikev2_chunk sent[GIKEV2_CERTS_MAX];

	assert_int_equal(gikev2_credential_certs(credential, sent), 1);
	gikev2_credential_free(credential);
}

static void raw_public_key(void **state)
{
	struct gikev2_credential *credential =
		credential_of(named("CN=r1", NULL), NULL, 0);
	struct gikev2_chunk sent[GIKEV2_CERTS_MAX];

	assert_int_equal(gikev2_credential_certs(credential, sent), 0);
	gikev2_credential_free(credential);
	gikev2_credential_free(NULL);
}

static void credentials_refused(void **state)
{
	const struct pki_cert *cert = named("CN=r1", NULL);
	const struct pki_cert *other = named("CN=r2", NULL);
	struct gikev2_chunk certs[GIKEV2_CERTS_MAX + 1];
	struct gikev2_key *key = private_key(cert), *public;
	struct gikev2_credential *made;

	for (size_t i = 0; i < ARRAY_LEN(certs); i++)
		certs[i] = cert->der;
	assert_int_equal(gikev2_credential_new(key, &other->der, 1, &made,
					       problem, sizeof(problem)),
			 -GIKEV2_ERR_NO_CREDENTIAL);
	assert_null(made);
	assert_string_equal(
		problem, "none of the certificates is that of the private key");
	assert_int_equal(gikev2_credential_new(key, certs, ARRAY_LEN(certs),
					       &made, problem, sizeof(problem)),
			 -GIKEV2_ERR_LIMIT);
	certs[1].len--;
	assert_int_equal(gikev2_credential_new(key, certs, 2, &made, problem,
					       sizeof(problem)),
			 -GIKEV2_ERR_CERT_MALFORMED);
	assert_string_equal(problem,
			    "certificate 2 of 2: certificate is malformed");
	assert_int_equal(gikev2_key_new(cert->key, false, &public), 0);
	assert_int_equal(gikev2_credential_new(public, certs, 1, &made, problem,
					       sizeof(problem)),
			 -GIKEV2_ERR_KEY_REFUSED);
	gikev2_key_free(public);
	gikev2_key_free(key);
}

/* --------------------------------------------------------------- CERTREQ */

static struct test_octets hint_of(const struct pki_cert *cert)
{
	struct test_octets hint = { 0 };
	unsigned char *der = NULL;
	int len = i2d_PUBKEY(cert->key, &der);

	assert_int_equal(EVP_Q_digest(NULL, "SHA1", NULL, der, (size_t)len,
				      hint.octets, &hint.len),
			 1);
	OPENSSL_free(der);
	return hint;
}

static void certreq(void **state)
{
	const struct pki_cert *one = pki_ca(NULL, "CN=One");
	const struct pki_cert *two =
		pki_issue(NULL, &(struct pki_spec){ .subject = "CN=Two",
						    .key = "P-256",
						    .basic = "CA:TRUE" });
	struct test_octets second = hint_of(two);
	struct test_octets want = test_join(hint_of(one), &second);
	struct gikev2_anchors *anchors = gikev2_anchors_new();
	struct gikev2_chunk got = gikev2_anchors_certreq(anchors);

	assert_int_equal(got.len, 0);
	gikev2_anchors_add(anchors, GIKEV2_TRUST_ANCHOR, one->der);
	gikev2_anchors_add(anchors, GIKEV2_TRUST_ANCHOR, two->der);
	/* what is no anchor is not asked for */
	gikev2_anchors_add(anchors, GIKEV2_TRUST_INTERMEDIATE,
			   pki_ca(one, "CN=Three")->der);
	got = gikev2_anchors_certreq(anchors);
	assert_int_equal(got.len, 40);
	assert_int_equal(want.len, 40);
	assert_memory_equal(got.ptr, want.octets, 40);
	gikev2_anchors_free(anchors);
}

static void selection(void **state)
{
	const struct pki_cert *roots[] = { pki_ca(NULL, "CN=Root A"),
					   pki_ca(NULL, "CN=Root B") };
	const struct pki_cert *ca = pki_ca(roots[0], "CN=CA of A");
	const struct pki_cert *a = pki_router(ca, "a.example.net");
	const struct pki_cert *b =
		pki_issue(roots[1], &(struct pki_spec){ .subject = "CN=b",
							.key = "P-256" });
	const struct gikev2_chunk chain[] = { a->der, ca->der };
	struct gikev2_credential *of_a = credential_of(a, chain, 2);
	struct gikev2_credential *of_b = credential_of(b, &b->der, 1);
	const struct gikev2_credential *both[] = { of_a, of_b };
	struct gikev2_anchors *anchors = gikev2_anchors_new();
	struct test_octets hint_b = hint_of(roots[1]);
	struct test_octets hint_ca = hint_of(ca);
	struct gikev2_chunk list = { hint_b.octets, hint_b.len };
	const struct gikev2_chunk none = { NULL, 0 };

	/* nothing is asked for, or nothing that we know */
	assert_ptr_equal(gikev2_credential_select(both, 2, NULL, none,
						  GIKEV2_HASHES_OWN),
			 of_a);
	assert_ptr_equal(gikev2_credential_select(both, 2, NULL, list,
						  GIKEV2_HASHES_OWN),
			 of_a);
	/* our anchors know who issued b */
	gikev2_anchors_add(anchors, GIKEV2_TRUST_ANCHOR, roots[1]->der);
	assert_ptr_equal(gikev2_credential_select(both, 2, anchors, list,
						  GIKEV2_HASHES_OWN),
			 of_b);
	/* a CA within the chain */
	list.ptr = hint_ca.octets;
	assert_ptr_equal(
		gikev2_credential_select(
			(const struct gikev2_credential *[]){ of_b, of_a }, 2,
			anchors, list, GIKEV2_HASHES_OWN),
		of_a);
	/* half a hint is none */
	list.len = 19;
	assert_ptr_equal(
		gikev2_credential_select(
			(const struct gikev2_credential *[]){ of_b, of_a }, 2,
			anchors, list, GIKEV2_HASHES_OWN),
		of_b);
	/* the peer cannot verify Ed25519, or nothing of ours */
	assert_ptr_equal(
		gikev2_credential_select(both, 2, anchors, none,
					 GIKEV2_HASH_BIT(GIKEV2_HASH_SHA2_256)),
		of_b);
	assert_null(gikev2_credential_select(both, 2, anchors, none, 0));
	assert_null(gikev2_credential_select(NULL, 0, anchors, none,
					     GIKEV2_HASHES_OWN));
	gikev2_anchors_free(anchors);
	gikev2_credential_free(of_a);
	gikev2_credential_free(of_b);
}

/* Shown by one side, verified by the other, signature and all. */
static void both_sides(void **state)
{
	const struct pki_cert *root = pki_ca(NULL, "CN=Root");
	const struct pki_cert *ca = pki_ca(root, "CN=CA");
	const struct pki_cert *cert = pki_router(ca, "r1.example.net");
	const struct gikev2_chunk chain[] = { cert->der, ca->der };
	struct gikev2_credential *credential = credential_of(cert, chain, 2);
	struct gikev2_id id = make_id(GIKEV2_ID_FQDN, "r1.example.net", 14);
	struct gikev2_anchors *anchors = gikev2_anchors_new();
	struct gikev2_chunk sent[GIKEV2_CERTS_MAX];
	struct gikev2_chunk part = { (const uint8_t *)"signed octets", 13 };
	const struct gikev2_sign_alg *alg = gikev2_sign_choose(
		gikev2_credential_key(credential), GIKEV2_HASHES_OWN);
	uint8_t signature[GIKEV2_SIGNATURE_MAX];
	size_t len = sizeof(signature), count;
	struct gikev2_key *key;

	gikev2_anchors_add(anchors, GIKEV2_TRUST_ANCHOR, root->der);
	assert_int_equal(gikev2_sign(gikev2_credential_key(credential), alg,
				     &part, 1, signature, &len),
			 0);
	count = gikev2_credential_certs(credential, sent);
	gikev2_credential_free(credential);
	/* what was sent was borrowed: the peer has its own octets */
	assert_int_equal(count, 2);
	assert_int_equal(gikev2_cert_verify(anchors, chain, 2, &id, PKI_NOW,
					    &key, problem, sizeof(problem)),
			 0);
	gikev2_anchors_free(anchors);
	assert_int_equal(gikev2_verify(key, alg->id, GIKEV2_HASHES_OWN, &part,
				       1,
				       (struct gikev2_chunk){ signature, len }),
			 0);
	gikev2_key_free(key);
}

static int teardown(void **state)
{
	pki_clear();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fqdn),
		cmocka_unit_test(fqdn_without_names),
		cmocka_unit_test(fqdn_wildcard),
		cmocka_unit_test(fqdn_odd_octets),
		cmocka_unit_test(email),
		cmocka_unit_test(addresses),
		cmocka_unit_test(distinguished_name),
		cmocka_unit_test(empty_subject),
		cmocka_unit_test(other_identities),
		cmocka_unit_test(names_of_garbage),
		cmocka_unit_test(lines),
		cmocka_unit_test(info),
		cmocka_unit_test(certs_sent),
		cmocka_unit_test(self_signed_sent),
		cmocka_unit_test(raw_public_key),
		cmocka_unit_test(credentials_refused),
		cmocka_unit_test(certreq),
		cmocka_unit_test(selection),
		cmocka_unit_test(both_sides),
	};

	return cmocka_run_group_tests(tests, NULL, teardown);
}
