// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * lib/gikev2/gikev2_cert.c, gikev2_anchors.c: from a peer's certificates to an
 * anchor, and why not.  Names are in test_cert_name.c.
 */
#include <ctype.h>

#include "gikev2/gikev2_cert.h"
#include "pki.h"
#include "test_util.h"

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))
#define PEER "r1.example.net"

/* Made once; each test takes anchors of its own from it. */
static const struct pki_cert *root, *other_root, *middle, *low;
static const struct pki_cert *router; /* below low */
static const struct pki_cert *near;   /* below root */
static struct gikev2_anchors *anchors;
static char problem[GIKEV2_PROBLEM_MAX];

static int make_pki(void **state)
{
	root = pki_ca(NULL, "O=Example,CN=Root");
	other_root = pki_ca(NULL, "O=Example,CN=Other Root");
	middle = pki_ca(root, "O=Example,CN=Middle");
	low = pki_ca(middle, "O=Example,CN=Low");
	router = pki_router(low, PEER);
	near = pki_router(root, PEER);
	return 0;
}

static int clear_pki(void **state)
{
	pki_clear();
	return 0;
}

static int setup(void **state)
{
	anchors = gikev2_anchors_new();
	memset(problem, 'x', sizeof(problem));
	return anchors ? 0 : -1;
}

static int teardown(void **state)
{
	gikev2_anchors_free(anchors);
	return 0;
}

static void trust(enum gikev2_trust kind, struct gikev2_chunk der)
{
	assert_int_equal(gikev2_anchors_add(anchors, kind, der), 0);
}

static struct gikev2_id fqdn(const char *name)
{
	struct gikev2_id id = { .type = GIKEV2_ID_FQDN,
				.len = (uint8_t)strlen(name) };

	memcpy(id.data, name, id.len);
	return id;
}

/* One line, printable, within its room, and it names whom it is about. */
static void assert_line(void)
{
	size_t len = strnlen(problem, sizeof(problem));

	assert_true(len > 0 && len < sizeof(problem));
	for (size_t i = 0; i < len; i++)
		if (!isprint((unsigned char)problem[i]))
			fail_msg("octet %zu of the line is %02x", i,
				 (unsigned char)problem[i]);
}

static int verify_at(const struct gikev2_chunk *certs, size_t count,
		     int64_t now)
{
	struct gikev2_id id = fqdn(PEER);
	struct gikev2_key *key;
	int ret = gikev2_cert_verify(anchors, certs, count, &id, now, &key,
				     problem, sizeof(problem));

	if (ret == 0) {
		assert_non_null(key);
		assert_false(gikev2_key_private(key));
		assert_string_equal(problem, "");
	} else {
		assert_null(key);
		assert_line();
	}
	gikev2_key_free(key);
	return ret;
}

static int verify(const struct gikev2_chunk *certs, size_t count)
{
	return verify_at(certs, count, PKI_NOW);
}

static int verify_one(const struct pki_cert *cert)
{
	return verify(&cert->der, 1);
}

/* Refused with that reason, in a line with these words. */
#define assert_refused(call, err, words)                                       \
	do {                                                                   \
		assert_int_equal((call), -(err));                              \
		if (!strstr(problem, words))                                   \
			fail_msg("\"%s\" lacks \"%s\"", problem, words);       \
	} while (0)

/* A router below `issuer` that differs from others in what `spec` says. */
static const struct pki_cert *odd_router(const struct pki_cert *issuer,
					 struct pki_spec spec)
{
	if (!spec.subject)
		spec.subject = "O=Example,CN=odd";
	if (!spec.names)
		spec.names = "DNS:" PEER;
	return pki_issue(issuer, &spec);
}

static const struct pki_cert *odd_ca(const struct pki_cert *issuer,
				     struct pki_spec spec)
{
	spec.subject = "O=Example,CN=Odd CA";
	return pki_issue(issuer, &spec);
}

/* -------------------------------------------------- the way to an anchor */

static void direct(void **state)
{
	trust(GIKEV2_TRUST_ANCHOR, root->der);
	assert_int_equal(verify_one(near), 0);
}

static void through_cas(void **state)
{
	struct gikev2_chunk certs[] = { router->der, low->der, middle->der };
	struct gikev2_chunk shuffled[] = { router->der, middle->der,
					   other_root->der, root->der,
					   low->der };

	trust(GIKEV2_TRUST_ANCHOR, root->der);
	assert_int_equal(verify(certs, 3), 0);
	assert_int_equal(verify(shuffled, 5), 0);
	assert_refused(verify(certs, 2), GIKEV2_ERR_CERT_UNTRUSTED,
		       "certificate of \"O=Example,CN=Low\" leads to no trust "
		       "anchor: its issuer \"O=Example,CN=Middle\"");
	assert_refused(verify(certs, 1), GIKEV2_ERR_CERT_UNTRUSTED,
		       "certificate of \"O=Example,CN=r1.example.net\"");
}

static void intermediates_of_ours(void **state)
{
	trust(GIKEV2_TRUST_ANCHOR, root->der);
	trust(GIKEV2_TRUST_INTERMEDIATE, low->der);
	assert_refused(verify_one(router), GIKEV2_ERR_CERT_UNTRUSTED,
		       "\"O=Example,CN=Low\"");
	trust(GIKEV2_TRUST_INTERMEDIATE, middle->der);
	assert_int_equal(verify_one(router), 0);
}

/* What helps to build a path is not trusted for that. */
static void intermediate_is_no_anchor(void **state)
{
	trust(GIKEV2_TRUST_INTERMEDIATE, root->der);
	trust(GIKEV2_TRUST_INTERMEDIATE, middle->der);
	trust(GIKEV2_TRUST_INTERMEDIATE, low->der);
	assert_refused(verify_one(router), GIKEV2_ERR_CERT_UNTRUSTED,
		       "certificate of \"O=Example,CN=Root\" is self-signed");
}

static void anchor_in_the_middle(void **state)
{
	struct gikev2_chunk certs[] = { router->der, low->der };

	trust(GIKEV2_TRUST_ANCHOR, middle->der);
	assert_int_equal(verify(certs, 2), 0);
	assert_int_equal(verify_one(near), -GIKEV2_ERR_CERT_UNTRUSTED);
}

static void router_as_anchor(void **state)
{
	struct gikev2_id id = fqdn("r2.example.net");
	const struct pki_cert *below = odd_router(near, (struct pki_spec){ 0 });
	struct gikev2_key *key;

	trust(GIKEV2_TRUST_ANCHOR, near->der);
	assert_int_equal(verify_one(near), 0);
	assert_int_equal(verify_one(router), -GIKEV2_ERR_CERT_UNTRUSTED);
	/* for its own name only, and as no CA */
	assert_int_equal(gikev2_cert_verify(anchors, &near->der, 1, &id,
					    PKI_NOW, &key, problem,
					    sizeof(problem)),
			 -GIKEV2_ERR_CERT_NAME);
	assert_true(verify_one(below) < 0);
}

static void no_anchors(void **state)
{
	assert_int_equal(verify_one(router), -GIKEV2_ERR_CERT_UNTRUSTED);
	assert_int_equal(verify_one(near), -GIKEV2_ERR_CERT_UNTRUSTED);
}

static void wrong_ca(void **state)
{
	trust(GIKEV2_TRUST_ANCHOR, other_root->der);
	assert_refused(verify_one(near), GIKEV2_ERR_CERT_UNTRUSTED,
		       "its issuer \"O=Example,CN=Root\" is none");
}

/* A CA of the same name with another key. */
static void impostor(void **state)
{
	struct pki_spec spec = { .subject = "O=Example,CN=Root",
				 .key = "P-256",
				 .basic = "critical,CA:TRUE" };
	const struct pki_cert *false_root = pki_issue(NULL, &spec);
	const struct pki_cert *false_router = pki_router(false_root, PEER);
	struct gikev2_chunk certs[] = { false_router->der, false_root->der };

	trust(GIKEV2_TRUST_ANCHOR, root->der);
	assert_int_equal(verify(certs, 1), -GIKEV2_ERR_CERT_UNTRUSTED);
	assert_int_equal(verify(certs, 2), -GIKEV2_ERR_CERT_UNTRUSTED);
}

static void self_signed(void **state)
{
	const struct pki_cert *self = odd_router(NULL, (struct pki_spec){ 0 });

	trust(GIKEV2_TRUST_ANCHOR, root->der);
	assert_refused(verify_one(self), GIKEV2_ERR_CERT_UNTRUSTED,
		       "is self-signed");
	trust(GIKEV2_TRUST_ANCHOR, self->der);
	assert_int_equal(verify_one(self), 0);
}

static void every_kind_of_key(void **state)
{
	static const char *const kinds[] = { "Ed25519",	 "P-256",
					     "P-384",	 "RSA 2048",
					     "RSA 3072", "RSA-PSS 2048" };

	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		const struct pki_cert *ca = odd_ca(
			NULL, (struct pki_spec){ .basic = "critical,CA:TRUE",
						 .key = kinds[i] });
		const struct pki_cert *cert =
			odd_router(ca, (struct pki_spec){ .key = kinds[i] });
		struct gikev2_key *own, *key;
		struct gikev2_id id = fqdn(PEER);

		trust(GIKEV2_TRUST_ANCHOR, ca->der);
		assert_int_equal(gikev2_cert_verify(anchors, &cert->der, 1, &id,
						    PKI_NOW, &key, problem,
						    sizeof(problem)),
				 0);
		assert_int_equal(gikev2_key_new(cert->key, true, &own), 0);
		assert_true(gikev2_key_equal(key, own));
		gikev2_key_free(own);
		gikev2_key_free(key);
	}
}

static void keys_refused(void **state)
{
	static const char *const kinds[] = { "P-521", "Ed448", "secp256k1" };

	trust(GIKEV2_TRUST_ANCHOR, root->der);
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
		assert_refused(
			verify_one(odd_router(
				root, (struct pki_spec){ .key = kinds[i] })),
			GIKEV2_ERR_KEY_REFUSED,
			"has a key that is not accepted");
	/* a curve that is spelled out does not even verify */
	assert_true(verify_one(odd_router(
			    root, (struct pki_spec){
					  .key = "P-256 spelled out" })) < 0);
}

/* -------------------------------------------------------------- validity */

static void validity(void **state)
{
	struct gikev2_chunk certs[] = { router->der, low->der, middle->der };

	trust(GIKEV2_TRUST_ANCHOR, root->der);
	assert_int_equal(verify_at(certs, 3, PKI_FROM), 0);
	assert_int_equal(verify_at(certs, 3, PKI_UNTIL - 1), 0);
	assert_refused(verify_at(certs, 3, PKI_FROM - 1),
		       GIKEV2_ERR_CERT_NOT_YET_VALID,
		       "is not valid before 2030-01-01 00:00:00 UTC");
	assert_refused(verify_at(certs, 3, PKI_UNTIL + 1),
		       GIKEV2_ERR_CERT_EXPIRED,
		       "expired at 2040-01-01 00:00:00 UTC");
	assert_int_equal(verify_at(certs, 3, 0),
			 -GIKEV2_ERR_CERT_NOT_YET_VALID);
	assert_int_equal(verify_at(certs, 3, -1),
			 -GIKEV2_ERR_CERT_NOT_YET_VALID);
	assert_int_equal(verify_at(certs, 3, INT64_C(253402300799)),
			 -GIKEV2_ERR_CERT_EXPIRED);
}

/* The youngest and the oldest of the way decide. */
static void validity_of_each(void **state)
{
	const int64_t early = PKI_FROM + 1000, late = PKI_UNTIL - 1000;
	const struct pki_cert *short_ca =
		odd_ca(root, (struct pki_spec){ .basic = "critical,CA:TRUE",
						.until = early });
	const struct pki_cert *cert =
		odd_router(short_ca, (struct pki_spec){ 0 });
	const struct pki_cert *young =
		odd_router(root, (struct pki_spec){ .from = late });
	struct gikev2_chunk certs[] = { cert->der, short_ca->der };

	trust(GIKEV2_TRUST_ANCHOR, root->der);
	assert_int_equal(verify_at(certs, 2, early - 1), 0);
	assert_refused(verify_at(certs, 2, early + 1), GIKEV2_ERR_CERT_EXPIRED,
		       "certificate of \"O=Example,CN=Odd CA\" expired");
	assert_int_equal(verify_at(&young->der, 1, late - 1),
			 -GIKEV2_ERR_CERT_NOT_YET_VALID);
	assert_int_equal(verify_at(&young->der, 1, late), 0);
}

static void anchor_expired(void **state)
{
	const struct pki_cert *old =
		odd_ca(NULL, (struct pki_spec){ .basic = "critical,CA:TRUE",
						.until = PKI_NOW - 1 });

	trust(GIKEV2_TRUST_ANCHOR, old->der);
	assert_refused(verify_one(odd_router(old, (struct pki_spec){ 0 })),
		       GIKEV2_ERR_CERT_EXPIRED, "\"O=Example,CN=Odd CA\"");
}

/* ------------------------------------------------------------- revocation */

static void crl(const struct pki_cert *issuer, int64_t from, int64_t until,
		uint32_t serial)
{
	trust(GIKEV2_TRUST_CRL,
	      pki_crl(issuer, from, until, &serial, serial ? 1 : 0));
}

static void revoked(void **state)
{
	const struct pki_cert *bad =
		odd_router(root, (struct pki_spec){ .serial = 77 });
	const struct pki_cert *good =
		odd_router(root, (struct pki_spec){ .serial = 78 });

	trust(GIKEV2_TRUST_ANCHOR, root->der);
	assert_int_equal(verify_one(bad), 0);
	crl(root, 0, 0, 77);
	assert_refused(verify_one(bad), GIKEV2_ERR_CERT_REVOKED,
		       "certificate of \"O=Example,CN=odd\" is revoked by the "
		       "CRL of \"O=Example,CN=Root\"");
	assert_int_equal(verify_one(good), 0);
}

static void revoked_ca(void **state)
{
	const struct pki_cert *ca =
		odd_ca(root, (struct pki_spec){ .basic = "critical,CA:TRUE",
						.serial = 5 });
	const struct pki_cert *cert = odd_router(ca, (struct pki_spec){ 0 });
	struct gikev2_chunk certs[] = { cert->der, ca->der };

	trust(GIKEV2_TRUST_ANCHOR, root->der);
	assert_int_equal(verify(certs, 2), 0);
	crl(root, 0, 0, 5);
	assert_refused(verify(certs, 2), GIKEV2_ERR_CERT_REVOKED, "CN=Odd CA");
}

static void crl_validity(void **state)
{
	trust(GIKEV2_TRUST_ANCHOR, root->der);
	crl(root, 0, PKI_NOW - 1, 0);
	assert_refused(verify_one(near), GIKEV2_ERR_CERT_CRL,
		       "the CRL of \"O=Example,CN=Root\" is out of date");
	/* the current one beside it heals that */
	crl(root, PKI_NOW - 100, 0, 0);
	assert_int_equal(verify_one(near), 0);
}

static void crl_of_tomorrow(void **state)
{
	trust(GIKEV2_TRUST_ANCHOR, root->der);
	crl(root, PKI_NOW + 1, 0, 0);
	assert_refused(verify_one(near), GIKEV2_ERR_CERT_CRL, "not valid yet");
}

static void crl_of_an_impostor(void **state)
{
	struct pki_spec spec = { .subject = "O=Example,CN=Root",
				 .key = "P-256",
				 .basic = "critical,CA:TRUE" };

	trust(GIKEV2_TRUST_ANCHOR, root->der);
	crl(pki_issue(NULL, &spec), 0, 0, 0);
	assert_refused(verify_one(near), GIKEV2_ERR_CERT_CRL,
		       "the CRL of \"O=Example,CN=Root\"");
}

static void crl_by_one_who_may_not(void **state)
{
	const struct pki_cert *ca =
		odd_ca(NULL, (struct pki_spec){ .basic = "critical,CA:TRUE",
						.usage = "keyCertSign" });

	trust(GIKEV2_TRUST_ANCHOR, ca->der);
	crl(ca, 0, 0, 0);
	assert_refused(verify_one(odd_router(ca, (struct pki_spec){ 0 })),
		       GIKEV2_ERR_CERT_CRL, "cannot be checked");
}

/* Some is not enough: it must not pass as if there were none. */
static void crl_of_some_reasons(void **state)
{
	trust(GIKEV2_TRUST_ANCHOR, root->der);
	trust(GIKEV2_TRUST_CRL, pki_crl_of_reasons(root));
	assert_refused(verify_one(near), GIKEV2_ERR_CERT_CRL,
		       "there is no usable CRL of \"O=Example,CN=Root\"");
	crl(root, 0, 0, 9);
	assert_int_equal(verify_one(near), 0);
}

/* Without a CRL of the issuer: as the operator wants it. */
static void crl_missing(void **state)
{
	struct gikev2_chunk certs[] = { router->der, low->der, middle->der };

	trust(GIKEV2_TRUST_ANCHOR, root->der);
	crl(other_root, 0, 0, 1);
	assert_int_equal(verify(certs, 3), 0);
	crl(root, 0, 0, 9);
	assert_int_equal(verify(certs, 3), 0);

	gikev2_anchors_require_crl(anchors, true);
	assert_refused(verify(certs, 3), GIKEV2_ERR_CERT_CRL,
		       "there is no usable CRL of \"O=Example,CN=Low\"");
	crl(low, 0, 0, 9);
	assert_refused(verify(certs, 3), GIKEV2_ERR_CERT_CRL,
		       "there is no usable CRL of \"O=Example,CN=Middle\"");
	crl(middle, 0, 0, 9);
	assert_int_equal(verify(certs, 3), 0);
}

/* None at all, and yet required; the anchor itself needs none. */
static void crl_required(void **state)
{
	trust(GIKEV2_TRUST_ANCHOR, root->der);
	gikev2_anchors_require_crl(anchors, true);
	assert_int_equal(verify_one(near), -GIKEV2_ERR_CERT_CRL);
	crl(root, 0, 0, 9);
	assert_int_equal(verify_one(near), 0);
}

static void crl_required_anchor_in_the_middle(void **state)
{
	struct gikev2_chunk certs[] = { router->der, low->der };

	trust(GIKEV2_TRUST_ANCHOR, middle->der);
	gikev2_anchors_require_crl(anchors, true);
	crl(low, 0, 0, 9);
	crl(middle, 0, 0, 9);
	assert_int_equal(verify(certs, 2), 0);
}

/* ------------------------------------------------------------------- usage */

static void cas_that_are_none(void **state)
{
	static const struct pki_spec specs[] = {
		{ .basic = "critical,CA:FALSE" },
		{ .basic = NULL },
		{ .usage = "keyCertSign" },
		{ .version_1 = true },
		{ .basic = "critical,CA:TRUE",
		  .usage = "critical,digitalSignature" },
	};

	trust(GIKEV2_TRUST_ANCHOR, root->der);
	for (size_t i = 0; i < ARRAY_LEN(specs); i++) {
		const struct pki_cert *ca = odd_ca(root, specs[i]);
		const struct pki_cert *cert =
			odd_router(ca, (struct pki_spec){ 0 });
		struct gikev2_chunk certs[] = { cert->der, ca->der };

		assert_refused(verify(certs, 2), GIKEV2_ERR_CERT_USAGE,
			       "certificate of \"O=Example,CN=Odd CA\" is used "
			       "as a CA");
	}
}

static void path_length(void **state)
{
	const struct pki_cert *ca =
		odd_ca(root, (struct pki_spec){
				     .basic = "critical,CA:TRUE,pathlen:0" });
	const struct pki_cert *sub = pki_ca(ca, "O=Example,CN=Sub");
	const struct pki_cert *below = odd_router(sub, (struct pki_spec){ 0 });
	const struct pki_cert *cert = odd_router(ca, (struct pki_spec){ 0 });
	struct gikev2_chunk long_way[] = { below->der, sub->der, ca->der };
	struct gikev2_chunk way[] = { cert->der, ca->der };

	trust(GIKEV2_TRUST_ANCHOR, root->der);
	assert_int_equal(verify(way, 2), 0);
	assert_refused(verify(long_way, 3), GIKEV2_ERR_CERT_USAGE,
		       "has more CAs below it than it admits");
}

static void key_usage(void **state)
{
	static const struct {
		const char *usage, *extended;
		int ret;
	} rows[] = {
		{ NULL, NULL, 0 },
		{ "critical,digitalSignature", NULL, 0 },
		{ "nonRepudiation", NULL, 0 },
		{ "digitalSignature,keyEncipherment", NULL, 0 },
		{ "keyEncipherment", NULL, -GIKEV2_ERR_CERT_USAGE },
		{ "critical,keyCertSign", NULL, -GIKEV2_ERR_CERT_USAGE },
		{ NULL, "1.3.6.1.5.5.7.3.17", 0 },
		{ NULL, "critical,1.3.6.1.5.5.7.3.17", 0 },
		{ NULL, "1.3.6.1.5.5.8.2.2", 0 },
		{ NULL, "anyExtendedKeyUsage", 0 },
		{ NULL, "serverAuth,1.3.6.1.5.5.7.3.17", 0 },
		{ NULL, "serverAuth,clientAuth", -GIKEV2_ERR_CERT_USAGE },
		{ NULL, "critical,codeSigning", -GIKEV2_ERR_CERT_USAGE },
		{ NULL, "1.3.6.1.5.5.7.3.170", -GIKEV2_ERR_CERT_USAGE },
	};

	trust(GIKEV2_TRUST_ANCHOR, root->der);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		int ret = verify_one(odd_router(
			root,
			(struct pki_spec){ .usage = rows[i].usage,
					   .extended = rows[i].extended }));

		if (ret != rows[i].ret)
			fail_msg("row %zu: %s", i, gikev2_err_name(ret));
		if (ret)
			assert_non_null(strstr(problem, "is not meant for"));
	}
}

static void critical_extension(void **state)
{
	trust(GIKEV2_TRUST_ANCHOR, root->der);
	assert_refused(
		verify_one(odd_router(
			root, (struct pki_spec){ .critical = "1.2.3.4" })),
		GIKEV2_ERR_CERT_USAGE, "critical extension");
}

static void name_constraints(void **state)
{
	static const struct {
		const char *constraints;
		int ret;
	} rows[] = {
		{ "critical,permitted;DNS:example.net", 0 },
		{ "critical,permitted;DNS:example.org",
		  -GIKEV2_ERR_CERT_USAGE },
		{ "critical,excluded;DNS:" PEER, -GIKEV2_ERR_CERT_USAGE },
	};

	trust(GIKEV2_TRUST_ANCHOR, root->der);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct pki_cert *ca = odd_ca(
			root, (struct pki_spec){ .basic = "critical,CA:TRUE",
						 .constraints =
							 rows[i].constraints });
		const struct pki_cert *cert =
			odd_router(ca, (struct pki_spec){ 0 });
		struct gikev2_chunk certs[] = { cert->der, ca->der };

		assert_int_equal(verify(certs, 2), rows[i].ret);
	}
}

static void weak(void **state)
{
	const struct pki_cert *small =
		odd_ca(root, (struct pki_spec){ .basic = "critical,CA:TRUE",
						.key = "RSA 1024" });
	const struct pki_cert *ca =
		odd_ca(NULL, (struct pki_spec){ .basic = "critical,CA:TRUE",
						.key = "P-256" });
	const struct pki_cert *below =
		odd_router(small, (struct pki_spec){ 0 });
	struct gikev2_chunk certs[] = { below->der, small->der };

	trust(GIKEV2_TRUST_ANCHOR, root->der);
	trust(GIKEV2_TRUST_ANCHOR, ca->der);
	assert_refused(verify_one(odd_router(
			       root, (struct pki_spec){ .key = "RSA 1024" })),
		       GIKEV2_ERR_CERT_WEAK, "RSA of 2048 bits");
	assert_refused(verify(certs, 2), GIKEV2_ERR_CERT_WEAK,
		       "certificate of \"O=Example,CN=Odd CA\" has a key");
	assert_refused(verify_one(odd_router(
			       ca, (struct pki_spec){ .digest = "SHA1" })),
		       GIKEV2_ERR_CERT_WEAK, "SHA-256 is needed");
	assert_int_equal(verify_one(odd_router(
				 ca, (struct pki_spec){ .digest = "SHA512" })),
			 0);
}

/* --------------------------------------------------------------- bad input */

static void limits(void **state)
{
	struct gikev2_chunk certs[GIKEV2_CERTS_MAX + 1];
	uint8_t big[GIKEV2_CERT_LEN_MAX + 1] = { 0x30, 0x82, 0x3f, 0xfd };

	trust(GIKEV2_TRUST_ANCHOR, root->der);
	for (size_t i = 0; i < ARRAY_LEN(certs); i++)
		certs[i] = near->der;
	assert_refused(verify(certs, 0), GIKEV2_ERR_CERT_MISSING,
		       "0 certificates");
	assert_int_equal(verify(certs, GIKEV2_CERTS_MAX), 0);
	assert_refused(verify(certs, GIKEV2_CERTS_MAX + 1),
		       GIKEV2_ERR_CERT_CHAIN, "9 certificates");
	certs[1] = (struct gikev2_chunk){ big, sizeof(big) };
	assert_refused(verify(certs, 2), GIKEV2_ERR_CERT_MALFORMED,
		       "certificate 2 of the 2");
}

static void long_chains(void **state)
{
	const struct pki_cert *ca = root;
	struct gikev2_chunk certs[GIKEV2_CERTS_MAX];
	char name[32];

	trust(GIKEV2_TRUST_ANCHOR, root->der);
	for (int depth = 1; depth <= GIKEV2_CERT_DEPTH_MAX + 1; depth++) {
		snprintf(name, sizeof(name), "CN=CA %d", depth);
		ca = pki_ca(ca, name);
		if (depth < GIKEV2_CERTS_MAX)
			certs[depth] = ca->der;
		else
			trust(GIKEV2_TRUST_INTERMEDIATE, ca->der);
		certs[0] = pki_router(ca, PEER)->der;
		if (depth <= GIKEV2_CERT_DEPTH_MAX)
			assert_int_equal(verify(certs,
						depth < GIKEV2_CERTS_MAX
							? (size_t)depth + 1
							: GIKEV2_CERTS_MAX),
					 0);
	}
	assert_refused(verify(certs, GIKEV2_CERTS_MAX), GIKEV2_ERR_CERT_CHAIN,
		       "too many CAs away");
}

static void octets_turned(void **state)
{
	struct gikev2_chunk certs[] = { router->der, low->der, middle->der };

	trust(GIKEV2_TRUST_ANCHOR, root->der);
	for (size_t c = 0; c < 3; c++) {
		struct gikev2_chunk good = certs[c];
		uint8_t *copy = pki_keep(good.ptr, good.len);

		certs[c].ptr = copy;
		assert_int_equal(verify(certs, 3), 0);
		for (size_t i = 0; i < good.len; i++) {
			copy[i] ^= (uint8_t)(1 << i % 8);
			assert_true(verify(certs, 3) < 0);
			copy[i] ^= (uint8_t)(1 << i % 8);
		}
		certs[c] = good;
	}
}

static void truncated(void **state)
{
	uint8_t *copy = pki_keep(near->der.ptr, near->der.len + 1);
	struct gikev2_chunk der = { copy, 0 };

	trust(GIKEV2_TRUST_ANCHOR, root->der);
	for (; der.len < near->der.len; der.len++) {
		assert_int_equal(verify(&der, 1), -GIKEV2_ERR_CERT_MALFORMED);
		assert_int_equal(gikev2_anchors_add(anchors,
						    GIKEV2_TRUST_ANCHOR, der),
				 -GIKEV2_ERR_CERT_MALFORMED);
		assert_int_equal(gikev2_anchors_add(anchors, GIKEV2_TRUST_CRL,
						    der),
				 -GIKEV2_ERR_CERT_MALFORMED);
	}
	assert_int_equal(verify(&der, 1), 0);
	der.len++;
	assert_int_equal(verify(&der, 1), -GIKEV2_ERR_CERT_MALFORMED);
}

static void garbage(void **state)
{
	uint64_t seed = 0x5eed;
	uint8_t octets[300];
	struct gikev2_chunk der = { octets, 0 };

	trust(GIKEV2_TRUST_ANCHOR, root->der);
	for (int i = 0; i < 2000; i++) {
		test_prng(&seed, octets, sizeof(octets));
		if (i % 2)
			octets[0] = 0x30;
		der.len = octets[1] = (uint8_t)(i % 256);
		assert_int_equal(verify(&der, 1), -GIKEV2_ERR_CERT_MALFORMED);
	}
}

/* A stranger's certificate must not write into a log what it likes. */
static void hostile_subjects(void **state)
{
	static char longest[900];
	const char *subjects[] = {
		"CN=two\nlines\r\n",
		"CN=\x1b[31mred\x1b[0m\x7f",
		"CN=gr\303\274\303\237e \342\200\256\342\200\254",
		"CN=\"quoted\\\"",
		"CN=%s%n%d",
		longest,
	};

	memcpy(longest, "OU=", 3);
	memset(longest + 3, 'x', 60);
	for (size_t i = 63; i < 800; i += 67) {
		memcpy(longest + i, ",O=", 3);
		memset(longest + i + 3, '\n', 64);
	}
	trust(GIKEV2_TRUST_ANCHOR, root->der);
	for (size_t i = 0; i < ARRAY_LEN(subjects); i++) {
		const struct pki_cert *ca = pki_issue(
			NULL, &(struct pki_spec){ .subject = subjects[i],
						  .basic = "CA:TRUE" });
		const struct pki_cert *cert = odd_router(
			ca, (struct pki_spec){ .subject = subjects[i] });

		assert_int_equal(verify_one(cert), -GIKEV2_ERR_CERT_UNTRUSTED);
		assert_null(strstr(problem, "\xc3"));
	}
	assert_non_null(strstr(problem, "..."));
}

/* The line is cut, not written beyond its room. */
static void little_room(void **state)
{
	struct gikev2_id id = fqdn(PEER);
	char small[80];

	for (size_t size = 1; size < sizeof(small) - 1; size++) {
		struct gikev2_key *key;

		memset(small, '#', sizeof(small));
		assert_int_equal(gikev2_cert_verify(anchors, &near->der, 1, &id,
						    PKI_NOW, &key, small, size),
				 -GIKEV2_ERR_CERT_UNTRUSTED);
		assert_int_equal(strlen(small), size - 1);
		assert_int_equal(small[size], '#');
	}
}

/* ----------------------------------------------------------------- anchors */

static void anchors_counted(void **state)
{
	char name[32];

	trust(GIKEV2_TRUST_ANCHOR, root->der);
	trust(GIKEV2_TRUST_ANCHOR, root->der);
	trust(GIKEV2_TRUST_INTERMEDIATE, middle->der);
	trust(GIKEV2_TRUST_INTERMEDIATE, middle->der);
	trust(GIKEV2_TRUST_CRL, pki_crl(root, 0, 0, NULL, 0));
	trust(GIKEV2_TRUST_CRL, pki_crl(root, 0, 0, NULL, 0));
	for (int kind = 0; kind < GIKEV2_TRUST_KINDS; kind++)
		assert_int_equal(gikev2_anchors_count(anchors, kind), 1);

	for (int i = 1; i < GIKEV2_ANCHORS_MAX; i++) {
		snprintf(name, sizeof(name), "CN=anchor %d", i);
		trust(GIKEV2_TRUST_ANCHOR, pki_ca(NULL, name)->der);
	}
	assert_int_equal(gikev2_anchors_add(anchors, GIKEV2_TRUST_ANCHOR,
					    other_root->der),
			 -GIKEV2_ERR_LIMIT);
	trust(GIKEV2_TRUST_ANCHOR, root->der);
	assert_int_equal(gikev2_anchors_count(anchors, GIKEV2_TRUST_ANCHOR),
			 GIKEV2_ANCHORS_MAX);
}

int main(void)
{
#define TEST(function)                                                         \
	cmocka_unit_test_setup_teardown(function, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(direct),
		TEST(through_cas),
		TEST(intermediates_of_ours),
		TEST(intermediate_is_no_anchor),
		TEST(anchor_in_the_middle),
		TEST(router_as_anchor),
		TEST(no_anchors),
		TEST(wrong_ca),
		TEST(impostor),
		TEST(self_signed),
		TEST(every_kind_of_key),
		TEST(keys_refused),
		TEST(validity),
		TEST(validity_of_each),
		TEST(anchor_expired),
		TEST(revoked),
		TEST(revoked_ca),
		TEST(crl_validity),
		TEST(crl_of_tomorrow),
		TEST(crl_of_an_impostor),
		TEST(crl_by_one_who_may_not),
		TEST(crl_of_some_reasons),
		TEST(crl_missing),
		TEST(crl_required),
		TEST(crl_required_anchor_in_the_middle),
		TEST(cas_that_are_none),
		TEST(path_length),
		TEST(key_usage),
		TEST(critical_extension),
		TEST(name_constraints),
		TEST(weak),
		TEST(limits),
		TEST(long_chains),
		TEST(octets_turned),
		TEST(truncated),
		TEST(garbage),
		TEST(hostile_subjects),
		TEST(little_room),
		TEST(anchors_counted),
	};

	return cmocka_run_group_tests(tests, make_pki, clear_pki);
}
