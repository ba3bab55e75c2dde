// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * mrkmd/mrkm_trust.c: certificates, trust anchors and CRLs in files that come,
 * change and go; what is in force then, and what is said.
 */
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/pem.h>
#include <openssl/x509.h>

#include "mrkmd/mrkm_trust.h"
#include "pki.h"
#include "test_util.h"

static char folder[] = "/tmp/test_trust.XXXXXX";
static char key[64], certificate[64], anchor[64], other[64], crl[64];
static char problem[1024];
static const struct pki_cert *root, *stranger, *router;
static struct mrkm_trust trust;
static struct mrkm_trust_config config;
static struct gikev2_id identity;

/* -------------------------------------------------------------------- files */

/* Under another inode, so that the change is seen within a clock's tick. */
static void put_bio(const char *path, BIO *bio)
{
	char temporary[80], *octets;
	long len = BIO_get_mem_data(bio, &octets);
	int fd;

	snprintf(temporary, sizeof(temporary), "%s.new", path);
	fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL, 0600);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, octets, len), len);
	close(fd);
	assert_int_equal(rename(temporary, path), 0);
	BIO_free(bio);
}

static void put_cert(const char *path, const struct pki_cert *cert)
{
	BIO *bio = BIO_new(BIO_s_mem());

	assert_int_equal(PEM_write_bio_X509(bio, cert->x509), 1);
	put_bio(path, bio);
}

static void put_key(const struct pki_cert *cert)
{
	BIO *bio = BIO_new(BIO_s_mem());

	assert_int_equal(PEM_write_bio_PrivateKey(bio, cert->key, NULL, NULL, 0,
						  NULL, NULL),
			 1);
	put_bio(key, bio);
}

static void put_crl(const struct pki_cert *issuer, const uint32_t *serials,
		    size_t count)
{
	struct gikev2_chunk der = pki_crl(issuer, 0, 0, serials, count);
	BIO *bio = BIO_new(BIO_s_mem());

	assert_int_equal(BIO_write(bio, der.ptr, (int)der.len), der.len);
	put_bio(crl, bio);
}

static int group_setup(void **state)
{
	if (!mkdtemp(folder))
		return -1;
	snprintf(key, sizeof(key), "%s/key", folder);
	snprintf(certificate, sizeof(certificate), "%s/certificate", folder);
	snprintf(anchor, sizeof(anchor), "%s/anchor", folder);
	snprintf(other, sizeof(other), "%s/other", folder);
	snprintf(crl, sizeof(crl), "%s/crl", folder);
	root = pki_ca(NULL, "O=Example,CN=Root");
	stranger = pki_ca(NULL, "O=Other,CN=Root");
	router = pki_router(root, "r1.example.net");
	identity = (struct gikev2_id){ .type = GIKEV2_ID_FQDN, .len = 14 };
	memcpy(identity.data, "r1.example.net", identity.len);
	return 0;
}

static void remove_all(void)
{
	unlink(key);
	unlink(certificate);
	unlink(anchor);
	unlink(other);
	unlink(crl);
}

static int group_teardown(void **state)
{
	pki_clear();
	return rmdir(folder);
}

static int fresh(void **state)
{
	memset(&config, 0, sizeof(config));
	return 0;
}

static int finish(void **state)
{
	mrkm_trust_fini(&trust);
	remove_all();
	return 0;
}

static unsigned int update(void)
{
	return mrkm_trust_update(&trust, &config);
}

static void expect_words(const char *words)
{
	if (!strstr(problem, words))
		fail_msg("no \"%s\" in: %s", words, problem);
}

/* --------------------------------------------------------------------- ours */

static void configure_own(void)
{
	config.certificate_count = 1;
	strcpy(config.certificates[0].uri, certificate);
	strcpy(config.certificates[0].private_key, key);
}

static bool own_problem(int64_t now)
{
	return mrkm_trust_owns_problem(&trust, &identity, now, problem,
				       sizeof(problem));
}

static void none_of_ours(void **state)
{
	assert_int_equal(update(), MRKM_TRUST_OTHERS);
	assert_int_equal(update(), 0);
	assert_int_equal(trust.usable_count, 0);
	assert_true(own_problem(PKI_NOW));
	expect_words("no certificate: configure");
}

static void own_certificate(void **state)
{
	configure_own();
	put_key(router);
	put_cert(certificate, router);
	assert_true(update() & MRKM_TRUST_OWN);
	assert_int_equal(trust.usable_count, 1);
	assert_false(own_problem(PKI_NOW));
	assert_string_equal(problem, "");
	assert_int_equal(update(), 0);

	assert_false(own_problem(PKI_UNTIL));
	assert_true(own_problem(PKI_UNTIL + 1));
	expect_words("expired on 2040-01-01 00:00:00 UTC");
	expect_words("O=Example,CN=r1.example.net");
	assert_false(own_problem(PKI_FROM));
	assert_true(own_problem(PKI_FROM - 1));
	expect_words("is not valid before 2030-01-01 00:00:00 UTC");

	identity.data[1] = '2';
	assert_true(own_problem(PKI_NOW));
	identity.data[1] = '1';
	expect_words("is not for this router's identity, fqdn r2.example.net");
	expect_words(certificate);
}

/* Its token was away: the handle signs nothing any more. */
static void own_key_failed(void **state)
{
	uint8_t octets[GIKEV2_SPKI_MAX], out[GIKEV2_SIGNATURE_MAX];
	size_t len = sizeof(octets), room = sizeof(out);
	struct gikev2_credential **own = &trust.own[0].credential;
	struct gikev2_chunk text = { octets, 1 };
	struct gikev2_key *gone;
	EVP_PKEY *pkey;

	configure_own();
	put_key(router);
	put_cert(certificate, router);
	assert_true(update() & MRKM_TRUST_OWN);
	assert_int_equal(
		gikev2_key_spki(gikev2_credential_key(*own), octets, &len), 0);
	pkey = d2i_PUBKEY(NULL, &(const uint8_t *){ octets }, (long)len);
	assert_int_equal(gikev2_key_new(pkey, true, &gone), 0);
	EVP_PKEY_free(pkey);
	gikev2_credential_free(*own);
	assert_int_equal(gikev2_credential_new(gone, &router->der, 1, own,
					       problem, sizeof(problem)),
			 0);
	assert_int_equal(update(), 0);
	assert_int_equal(
		gikev2_sign(gone, gikev2_sign_choose(gone, GIKEV2_HASHES_OWN),
			    &text, 1, out, &room),
		-GIKEV2_ERR_CRYPTO);
	gikev2_key_free(gone);
	assert_int_equal(update(), MRKM_TRUST_OWN);
	assert_int_equal(trust.usable_count, 1);
	assert_ptr_equal(trust.usable[0], *own);
	assert_false(gikev2_key_failed(gikev2_credential_key(*own)));
	assert_int_equal(update(), 0);
}

/* One after the other, as an operator may put them there. */
static void own_comes_late(void **state)
{
	configure_own();
	assert_true(update() & MRKM_TRUST_OWN);
	assert_true(own_problem(PKI_NOW));
	expect_words("is missing");
	assert_false(update() & MRKM_TRUST_OWN);
	put_cert(certificate, router);
	assert_false(update() & MRKM_TRUST_OWN);
	assert_true(own_problem(PKI_NOW));
	expect_words(key);
	put_key(stranger);
	assert_false(update() & MRKM_TRUST_OWN);
	assert_true(own_problem(PKI_NOW));
	expect_words("does not go with the private key");
	put_key(router);
	assert_int_equal(update(), MRKM_TRUST_OWN);
	assert_int_equal(trust.usable_count, 1);
	assert_false(own_problem(PKI_NOW));
}

static void own_changes(void **state)
{
	configure_own();
	put_key(router);
	put_cert(certificate, router);
	update();
	put_cert(certificate, stranger);
	assert_int_equal(update(), MRKM_TRUST_OWN);
	assert_int_equal(trust.usable_count, 0);
	assert_true(own_problem(PKI_NOW));
	/* tried again, and nothing new */
	assert_int_equal(update(), 0);
	put_cert(certificate, router);
	assert_int_equal(update(), MRKM_TRUST_OWN);
	assert_int_equal(trust.usable_count, 1);
	config.certificate_count = 0;
	memset(config.certificates, 0, sizeof(config.certificates));
	assert_int_equal(update(), MRKM_TRUST_OWN);
	assert_int_equal(trust.usable_count, 0);
}

static void open_key(void **state)
{
	configure_own();
	put_key(router);
	put_cert(certificate, router);
	assert_int_equal(chmod(key, 0640), 0);
	update();
	assert_int_equal(trust.usable_count, 0);
	assert_true(own_problem(PKI_NOW));
	expect_words("open to others (mode 0640)");
	assert_int_equal(chmod(key, 0600), 0);
	assert_true(update() & MRKM_TRUST_OWN);
	assert_int_equal(trust.usable_count, 1);
}

/* ------------------------------------------------------------------- others */

static void configure_anchor(size_t n, const char *name, const char *uri)
{
	config.anchor_count = n + 1;
	strcpy(config.anchors[n].name, name);
	strcpy(config.anchors[n].uri, uri);
}

static void configure_crl(void)
{
	config.crl_count = 1;
	strcpy(config.crls[0], crl);
}

/* What a peer with the router's certificate gets. */
static int verify(const char *name)
{
	const struct gikev2_anchors *anchors = mrkm_trust_anchors(&trust, name);
	struct gikev2_key *peer = NULL;
	int ret;

	assert_non_null(anchors);
	ret = gikev2_cert_verify(anchors, &router->der, 1, &identity, PKI_NOW,
				 &peer, problem, sizeof(problem));
	gikev2_key_free(peer);
	return ret;
}

static bool others_problem(const char *name)
{
	return mrkm_trust_others_problem(&trust, name, problem,
					 sizeof(problem));
}

static void named_anchors(void **state)
{
	put_cert(anchor, root);
	put_cert(other, stranger);
	configure_anchor(0, "LAB", anchor);
	configure_anchor(1, "OTHER", other);
	assert_int_equal(update(), MRKM_TRUST_OTHERS);
	assert_int_equal(update(), 0);
	assert_int_equal(verify(""), 0);
	assert_int_equal(verify("LAB"), 0);
	assert_int_equal(verify("OTHER"), -GIKEV2_ERR_CERT_UNTRUSTED);
	assert_null(mrkm_trust_anchors(&trust, "NONE"));
	assert_false(others_problem(""));
	assert_true(others_problem("NONE"));
	expect_words("trust anchor NONE is not known");
}

static void no_anchor(void **state)
{
	update();
	assert_true(others_problem(""));
	expect_words("no trust anchor: configure");
	assert_int_equal(verify(""), -GIKEV2_ERR_CERT_UNTRUSTED);
}

/* What cannot be read is not trusted, and does no harm to others. */
static void anchor_goes(void **state)
{
	put_cert(anchor, root);
	put_cert(other, stranger);
	configure_anchor(0, "LAB", anchor);
	configure_anchor(1, "OTHER", other);
	update();
	unlink(other);
	assert_int_equal(update(), MRKM_TRUST_OTHERS);
	assert_int_equal(update(), 0);
	assert_int_equal(verify(""), 0);
	assert_false(others_problem("LAB"));
	assert_true(others_problem("OTHER"));
	expect_words("trust anchor OTHER");
	expect_words("is missing");
	unlink(anchor);
	assert_int_equal(update(), MRKM_TRUST_OTHERS);
	assert_int_equal(verify(""), -GIKEV2_ERR_CERT_UNTRUSTED);
	put_cert(anchor, root);
	assert_int_equal(update(), MRKM_TRUST_OTHERS);
	assert_int_equal(verify("LAB"), 0);
}

static void crl_changes(void **state)
{
	static const uint32_t serials[] = { 1 };

	put_cert(anchor, root);
	put_crl(root, NULL, 0);
	configure_anchor(0, "LAB", anchor);
	configure_crl();
	update();
	assert_int_equal(verify("LAB"), 0);
	put_crl(root, serials, 1);
	assert_int_equal(verify("LAB"), 0);
	assert_int_equal(update(), MRKM_TRUST_OTHERS);
	assert_int_equal(verify("LAB"), -GIKEV2_ERR_CERT_REVOKED);
	assert_int_equal(verify(""), -GIKEV2_ERR_CERT_REVOKED);
	/* away, it stays in force */
	unlink(crl);
	assert_int_equal(update(), 0);
	assert_int_equal(verify(""), -GIKEV2_ERR_CERT_REVOKED);
	assert_true(others_problem("LAB"));
	expect_words("is missing");
	put_crl(root, NULL, 0);
	assert_int_equal(update(), MRKM_TRUST_OTHERS);
	assert_int_equal(verify(""), 0);
	assert_false(others_problem("LAB"));
}

/* A CRL that was never there lets nobody pass. */
static void crl_never_was(void **state)
{
	put_cert(anchor, root);
	configure_anchor(0, "LAB", anchor);
	configure_crl();
	update();
	assert_int_equal(verify(""), -GIKEV2_ERR_CERT_CRL);
	assert_int_equal(verify("LAB"), -GIKEV2_ERR_CERT_CRL);
	put_crl(root, NULL, 0);
	assert_int_equal(update(), MRKM_TRUST_OTHERS);
	assert_int_equal(verify(""), 0);
}

static void crl_required(void **state)
{
	put_cert(anchor, root);
	configure_anchor(0, "LAB", anchor);
	update();
	assert_int_equal(verify("LAB"), 0);
	config.crl_required = true;
	assert_int_equal(update(), MRKM_TRUST_OTHERS);
	assert_int_equal(verify("LAB"), -GIKEV2_ERR_CERT_CRL);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, fresh, finish)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(none_of_ours),   TEST(own_certificate),
		TEST(own_key_failed), TEST(own_comes_late),
		TEST(own_changes),    TEST(open_key),
		TEST(named_anchors),  TEST(no_anchor),
		TEST(anchor_goes),    TEST(crl_changes),
		TEST(crl_never_was),  TEST(crl_required),
	};

	return cmocka_run_group_tests_name("trust", tests, group_setup,
					   group_teardown);
}
