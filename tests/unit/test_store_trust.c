// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Credentials, trust anchors and CRLs by URI.
 */
#include "test_store_util.h"

/* ------------------------------------------------------------- credentials */

static int load_credential(const char *key_uri, const char *cert_uri,
			   size_t *count)
{
	struct gikev2_credential *credential;
	struct gikev2_chunk certs[GIKEV2_CERTS_MAX];
	int ret = gikev2_store_credential(key_uri, cert_uri, give_text,
					  (char *)TOKEN_PIN, &credential,
					  problem, sizeof(problem));

	*count = 0;
	if (ret == 0) {
		*count = gikev2_credential_certs(credential, certs);
		if (*count)
			assert_memory_equal(certs[0].ptr, router->der.ptr,
					    certs[0].len);
	} else {
		assert_null(credential);
	}
	gikev2_credential_free(credential);
	return ret;
}

static void credentials(void **state)
{
	const struct pki_cert *chain[] = { ca, router, root };
	const struct pki_cert *many[GIKEV2_CERTS_MAX + 1];
	BIO *bio = BIO_new(BIO_s_mem());
	size_t count;

	put_certs(chain, 3);
	assert_int_equal(load_credential("tok:key", path, &count), 0);
	assert_int_equal(count, 2);
	/* all in one file, which is then a secret */
	pem_key(bio, router);
	pem_cert(bio, router);
	put_bio(bio, 0600);
	assert_int_equal(load_credential(path, path, &count), 0);
	assert_int_equal(count, 1);
	/* a raw public key */
	assert_int_equal(load_credential(path, NULL, &count), 0);
	assert_int_equal(count, 0);

	put_certs(&ca, 1);
	assert_int_equal(load_credential("tok:key", path, &count),
			 -GIKEV2_ERR_NO_CREDENTIAL);
	expect_problem("does not go with the private key: none of the "
		       "certificates is that of the private key");
	for (size_t i = 0; i < ARRAY_LEN(many); i++)
		many[i] = router;
	put_certs(many, ARRAY_LEN(many));
	assert_int_equal(load_credential("tok:key", path, &count),
			 -GIKEV2_ERR_LIMIT);
	expect_problem("more than 8 certificates");
	unlink(path);
	assert_int_equal(load_credential("tok:key", path, &count),
			 -GIKEV2_ERR_NO_CREDENTIAL);
	expect_problem("certificate");
	assert_int_equal(load_credential(path, "tok:cert", &count),
			 -GIKEV2_ERR_NO_CREDENTIAL);
	expect_problem("private key");
}

/* ------------------------------------------------------------------- trust */

static int load_trust(enum gikev2_trust kind, size_t *count)
{
	struct gikev2_anchors *anchors = gikev2_anchors_new();
	int ret = gikev2_store_trust(path, kind, anchors, problem,
				     sizeof(problem));

	*count = gikev2_anchors_count(anchors, kind);
	gikev2_anchors_free(anchors);
	return ret;
}

static void trust(void **state)
{
	const struct pki_cert *both[] = { root, ca };
	size_t count;
	BIO *bio;

	put_certs(both, 2);
	assert_int_equal(load_trust(GIKEV2_TRUST_ANCHOR, &count), 0);
	assert_int_equal(count, 2);
	assert_int_equal(load_trust(GIKEV2_TRUST_INTERMEDIATE, &count), 0);
	assert_int_equal(count, 2);
	assert_int_equal(load_trust(GIKEV2_TRUST_CRL, &count),
			 -GIKEV2_ERR_NO_CREDENTIAL);
	expect_problem("CRL");
	expect_problem("is none");
	put(root->der.ptr, root->der.len, 0644);
	assert_int_equal(load_trust(GIKEV2_TRUST_ANCHOR, &count), 0);
	assert_int_equal(count, 1);

	/* one that is damaged is not passed over in silence */
	bio = BIO_new(BIO_s_mem());
	pem_cert(bio, root);
	BIO_puts(bio, "-----BEGIN CERTIFICATE-----\nMIIB\n"
		      "-----END CERTIFICATE-----\n");
	pem_cert(bio, ca);
	put_bio(bio, 0644);
	assert_int_equal(load_trust(GIKEV2_TRUST_ANCHOR, &count),
			 -GIKEV2_ERR_NO_CREDENTIAL);
	expect_problem("trust anchor");
}

static void too_many_anchors(void **state)
{
	BIO *bio = BIO_new(BIO_s_mem());
	char name[32];
	size_t count;

	for (int i = 0; i <= GIKEV2_ANCHORS_MAX; i++) {
		snprintf(name, sizeof(name), "CN=anchor %d", i);
		pem_cert(bio, pki_ca(NULL, name));
	}
	put_bio(bio, 0644);
	assert_int_equal(load_trust(GIKEV2_TRUST_ANCHOR, &count),
			 -GIKEV2_ERR_LIMIT);
	expect_problem("is one too many: at most 64");
}

static void crls(void **state)
{
	struct gikev2_chunk der = pki_crl(root, 0, 0, NULL, 0);
	struct gikev2_chunk other = pki_crl(ca, 0, 0, NULL, 0);
	BIO *bio = BIO_new(BIO_s_mem());
	size_t count;

	put(der.ptr, der.len, 0644);
	assert_int_equal(load_trust(GIKEV2_TRUST_CRL, &count), 0);
	assert_int_equal(count, 1);
	PEM_write_bio(bio, PEM_STRING_X509_CRL, "", der.ptr, (long)der.len);
	PEM_write_bio(bio, PEM_STRING_X509_CRL, "", other.ptr, (long)other.len);
	put_bio(bio, 0644);
	assert_int_equal(load_trust(GIKEV2_TRUST_CRL, &count), 0);
	assert_int_equal(count, 2);
}

/* A CRL that is renewed revokes, as the daemon does it. */
static void renewed_crl(void **state)
{
	const uint32_t serial = 1;
	struct gikev2_store_stamp stamp = { 0 };
	struct gikev2_id id = { .type = GIKEV2_ID_FQDN, .len = 14 };
	struct gikev2_chunk chain[] = { router->der, ca->der };
	int results[2];

	memcpy(id.data, "r1.example.net", 14);
	for (uint32_t revoked = 0; revoked < 2; revoked++) {
		struct gikev2_anchors *anchors = gikev2_anchors_new();
		struct gikev2_chunk der = pki_crl(ca, 0, 0, &serial, revoked);
		struct gikev2_key *key;

		put(der.ptr, der.len, 0644);
		assert_true(gikev2_store_changed(path, &stamp));
		assert_int_equal(gikev2_store_trust(path, GIKEV2_TRUST_CRL,
						    anchors, problem,
						    sizeof(problem)),
				 0);
		gikev2_anchors_add(anchors, GIKEV2_TRUST_ANCHOR, root->der);
		results[revoked] = gikev2_cert_verify(anchors, chain, 2, &id,
						      PKI_NOW, &key, problem,
						      sizeof(problem));
		gikev2_key_free(key);
		gikev2_anchors_free(anchors);
	}
	assert_int_equal(results[0], 0);
	assert_int_equal(results[1], -GIKEV2_ERR_CERT_REVOKED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(credentials), TEST(trust),	      TEST(too_many_anchors),
		TEST(crls),	   TEST(renewed_crl),
	};

	return cmocka_run_group_tests_name("store_trust", tests, group_setup,
					   group_teardown);
}
