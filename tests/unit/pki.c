// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A certification authority for tests.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "pki.h"

/* Ends the program unless OpenSSL did it. */
#define MUST(what)                                                             \
	do {                                                                   \
		if (!(what)) {                                                 \
			fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__,     \
				#what);                                        \
			ERR_print_errors_fp(stderr);                           \
			abort();                                               \
		}                                                              \
	} while (0)

struct kept {
	struct kept *next;
	uint8_t octets[];
};

struct kept_key {
	struct kept_key *next;
	char kind[32], seed[64];
	EVP_PKEY *pkey;
};

static struct kept *kept;
static struct kept_key *keys;
static struct pki_cert *certs;

uint8_t *pki_keep(const void *octets, size_t len)
{
	struct kept *copy = calloc(1, sizeof(*copy) + len + 1);

	MUST(copy);
	memcpy(copy->octets, octets, len);
	copy->next = kept;
	kept = copy;
	return copy->octets;
}

/* What i2d_...(object, der) made, kept. */
static struct gikev2_chunk keep_der(uint8_t **der, int len)
{
	struct gikev2_chunk chunk;

	MUST(len > 0);
	chunk = (struct gikev2_chunk){ pki_keep(*der, (size_t)len),
				       (size_t)len };
	OPENSSL_free(*der);
	return chunk;
}

void pki_clear(void)
{
	while (certs) {
		struct pki_cert *cert = certs;

		certs = cert->next;
		X509_free(cert->x509);
		free(cert);
	}
	while (keys) {
		struct kept_key *key = keys;

		keys = key->next;
		EVP_PKEY_free(key->pkey);
		free(key);
	}
	while (kept) {
		struct kept *octets = kept;

		kept = octets->next;
		free(octets);
	}
}

/* -------------------------------------------------------------------- keys */

static EVP_PKEY *make_ed25519(const char *seed)
{
	uint8_t octets[32];
	size_t len = sizeof(octets);

	MUST(EVP_Q_digest(NULL, "SHA2-256", NULL, seed, strlen(seed), octets,
			  &len));
	return EVP_PKEY_new_raw_private_key_ex(NULL, "ED25519", NULL, octets,
					       len);
}

static EVP_PKEY *make_pss(unsigned int bits, const char *digest)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "RSA-PSS", NULL);
	EVP_PKEY *pkey = NULL;

	MUST(ctx && EVP_PKEY_keygen_init(ctx) > 0);
	MUST(EVP_PKEY_CTX_set_rsa_keygen_bits(ctx, (int)bits) > 0);
	if (*digest) {
		MUST(EVP_PKEY_CTX_set_rsa_pss_keygen_md_name(ctx, digest,
							     NULL) > 0);
		MUST(EVP_PKEY_CTX_set_rsa_pss_keygen_mgf1_md_name(ctx, digest) >
		     0);
		MUST(EVP_PKEY_CTX_set_rsa_pss_keygen_saltlen(ctx, 32) > 0);
	}
	MUST(EVP_PKEY_generate(ctx, &pkey) > 0);
	EVP_PKEY_CTX_free(ctx);
	return pkey;
}

/* Only a key that was read knows that its curve was spelled out. */
static EVP_PKEY *make_spelled_out(void)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
	EVP_PKEY *made = NULL, *pkey;
	uint8_t *der = NULL;
	const uint8_t *end;
	int len;

	MUST(ctx && EVP_PKEY_keygen_init(ctx) > 0);
	MUST(EVP_PKEY_CTX_set_group_name(ctx, "P-256") > 0);
	MUST(EVP_PKEY_CTX_set_ec_param_enc(ctx, 0) > 0);
	MUST(EVP_PKEY_generate(ctx, &made) > 0);
	len = i2d_PrivateKey(made, &der);
	end = der;
	pkey = d2i_AutoPrivateKey(NULL, &end, len);
	OPENSSL_free(der);
	EVP_PKEY_free(made);
	EVP_PKEY_CTX_free(ctx);
	return pkey;
}

static EVP_PKEY *make_key(const char *kind, const char *seed)
{
	char digest[16] = "";
	unsigned int bits;

	if (strcmp(kind, "Ed25519") == 0)
		return make_ed25519(seed);
	if (strcmp(kind, "Ed448") == 0)
		return EVP_PKEY_Q_keygen(NULL, NULL, "ED448");
	if (sscanf(kind, "RSA %u", &bits) == 1)
		return EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)bits);
	if (sscanf(kind, "RSA-PSS %u %15s", &bits, digest) >= 1)
		return make_pss(bits, digest);
	if (strcmp(kind, "P-256 spelled out") == 0)
		return make_spelled_out();
	return EVP_PKEY_Q_keygen(NULL, NULL, "EC", kind);
}

EVP_PKEY *pki_key(const char *kind, const char *seed)
{
	struct kept_key *key;

	for (key = keys; key; key = key->next)
		if (strcmp(key->kind, kind) == 0 &&
		    strcmp(key->seed, seed) == 0)
			return key->pkey;
	key = calloc(1, sizeof(*key));
	MUST(key);
	snprintf(key->kind, sizeof(key->kind), "%s", kind);
	snprintf(key->seed, sizeof(key->seed), "%s", seed);
	key->pkey = make_key(kind, seed);
	MUST(key->pkey);
	key->next = keys;
	keys = key;
	return key->pkey;
}

/* ------------------------------------------------------------ certificates */

static X509_NAME *make_name(const char *subject)
{
	X509_NAME *name = X509_NAME_new();
	char text[1024], *rest = text, *part, *value;

	MUST(name);
	snprintf(text, sizeof(text), "%s", subject ? subject : "");
	while ((part = strsep(&rest, ",")) != NULL && *part) {
		value = strchr(part, '=');
		MUST(value);
		*value++ = '\0';
		MUST(X509_NAME_add_entry_by_txt(name, part, MBSTRING_UTF8,
						(const uint8_t *)value, -1, -1,
						0));
	}
	return name;
}

static void add(X509 *x509, X509V3_CTX *ctx, int nid, const char *value)
{
	X509_EXTENSION *extension;

	if (!value)
		return;
	extension = X509V3_EXT_nconf_nid(NULL, ctx, nid, value);
	MUST(extension && X509_add_ext(x509, extension, -1));
	X509_EXTENSION_free(extension);
}

static void add_unknown(X509 *x509, const char *oid)
{
	ASN1_OBJECT *object = OBJ_txt2obj(oid, 1);
	ASN1_OCTET_STRING *octets = ASN1_OCTET_STRING_new();
	X509_EXTENSION *extension;

	MUST(object && octets &&
	     ASN1_OCTET_STRING_set(octets, (const uint8_t *)"\x05", 2));
	extension = X509_EXTENSION_create_by_OBJ(NULL, object, 1, octets);
	MUST(extension && X509_add_ext(x509, extension, -1));
	X509_EXTENSION_free(extension);
	ASN1_OCTET_STRING_free(octets);
	ASN1_OBJECT_free(object);
}

/* All names in one extension, the one of any octets among them. */
static void add_names(X509 *x509, X509V3_CTX *ctx, const struct pki_spec *spec)
{
	GENERAL_NAMES *names = NULL;
	GENERAL_NAME *name;
	ASN1_IA5STRING *value;

	if (!spec->names && !spec->dns.len)
		return;
	if (spec->names) {
		X509_EXTENSION *extension = X509V3_EXT_nconf_nid(
			NULL, ctx, NID_subject_alt_name, spec->names);

		MUST(extension);
		names = X509V3_EXT_d2i(extension);
		X509_EXTENSION_free(extension);
	} else {
		names = GENERAL_NAMES_new();
	}
	MUST(names);
	if (spec->dns.len) {
		name = GENERAL_NAME_new();
		value = ASN1_IA5STRING_new();
		MUST(name && value &&
		     ASN1_STRING_set(value, spec->dns.ptr, (int)spec->dns.len));
		GENERAL_NAME_set0_value(name, GEN_DNS, value);
		MUST(sk_GENERAL_NAME_push(names, name) > 0);
	}
	MUST(X509_add1_ext_i2d(x509, NID_subject_alt_name, names, 0, 0) == 1);
	GENERAL_NAMES_free(names);
}

static void add_extensions(X509 *x509, X509 *issuer,
			   const struct pki_spec *spec)
{
	X509V3_CTX ctx;

	X509V3_set_ctx(&ctx, issuer, x509, NULL, NULL, 0);
	add(x509, &ctx, NID_basic_constraints, spec->basic);
	add(x509, &ctx, NID_key_usage, spec->usage);
	add(x509, &ctx, NID_ext_key_usage, spec->extended);
	add(x509, &ctx, NID_name_constraints, spec->constraints);
	add(x509, &ctx, NID_subject_key_identifier, "hash");
	if (X509_get0_subject_key_id(issuer))
		add(x509, &ctx, NID_authority_key_identifier, "keyid");
	add_names(x509, &ctx, spec);
	if (spec->critical)
		add_unknown(x509, spec->critical);
}

static const EVP_MD *signature_digest(EVP_PKEY *key, const char *digest)
{
	if (EVP_PKEY_is_a(key, "ED25519") || EVP_PKEY_is_a(key, "ED448"))
		return NULL;
	return EVP_get_digestbyname(digest ? digest : "SHA2-256");
}

const struct pki_cert *pki_issue(const struct pki_cert *issuer,
				 const struct pki_spec *spec)
{
	struct pki_cert *cert = calloc(1, sizeof(*cert));
	X509_NAME *name = make_name(spec->subject);
	EVP_PKEY *signer;
	uint8_t *der = NULL;
	char seed[64];
	X509 *x509;

	MUST(cert);
	snprintf(seed, sizeof(seed), "%s", spec->subject ? spec->subject : "");
	cert->key = pki_key(spec->key ? spec->key : "Ed25519", seed);
	cert->x509 = x509 = X509_new();
	MUST(x509 && X509_set_version(x509, spec->version_1 ? X509_VERSION_1
							    : X509_VERSION_3));
	MUST(ASN1_INTEGER_set(X509_get_serialNumber(x509),
			      spec->serial ? spec->serial : 1));
	MUST(X509_set_subject_name(x509, name));
	MUST(X509_set_issuer_name(
		x509, issuer ? X509_get_subject_name(issuer->x509) : name));
	MUST(ASN1_TIME_set(X509_getm_notBefore(x509),
			   spec->from ? spec->from : PKI_FROM));
	MUST(ASN1_TIME_set(X509_getm_notAfter(x509),
			   spec->until ? spec->until : PKI_UNTIL));
	MUST(X509_set_pubkey(x509, cert->key));
	if (!spec->version_1)
		add_extensions(x509, issuer ? issuer->x509 : x509, spec);
	signer = issuer ? issuer->key : cert->key;
	MUST(X509_sign(x509, signer, signature_digest(signer, spec->digest)));
	cert->der = keep_der(&der, i2d_X509(x509, &der));
	X509_NAME_free(name);
	cert->next = certs;
	certs = cert;
	return cert;
}

const struct pki_cert *pki_ca(const struct pki_cert *issuer,
			      const char *subject)
{
	return pki_issue(issuer,
			 &(struct pki_spec){
				 .subject = subject,
				 .basic = "critical,CA:TRUE",
				 .usage = "critical,keyCertSign,cRLSign",
			 });
}

const struct pki_cert *pki_router(const struct pki_cert *issuer,
				  const char *name)
{
	char subject[128], names[128];

	snprintf(subject, sizeof(subject), "O=Example,CN=%s", name);
	snprintf(names, sizeof(names), "DNS:%s", name);
	return pki_issue(issuer, &(struct pki_spec){
					 .subject = subject,
					 .names = names,
					 .basic = "critical,CA:FALSE",
					 .usage = "critical,digitalSignature",
				 });
}

struct gikev2_chunk pki_name(const char *subject)
{
	X509_NAME *name = make_name(subject);
	uint8_t *der = NULL;
	struct gikev2_chunk chunk = keep_der(&der, i2d_X509_NAME(name, &der));

	X509_NAME_free(name);
	return chunk;
}

/* -------------------------------------------------------------------- CRLs */

static void revoke(X509_CRL *crl, uint32_t serial, ASN1_TIME *when)
{
	X509_REVOKED *revoked = X509_REVOKED_new();
	ASN1_INTEGER *number = ASN1_INTEGER_new();

	MUST(revoked && number && ASN1_INTEGER_set(number, serial));
	MUST(X509_REVOKED_set_serialNumber(revoked, number));
	MUST(X509_REVOKED_set_revocationDate(revoked, when));
	MUST(X509_CRL_add0_revoked(crl, revoked));
	ASN1_INTEGER_free(number);
}

static X509_CRL *make_crl(const struct pki_cert *issuer, int64_t from,
			  int64_t until, const uint32_t *serials, size_t count)
{
	ASN1_TIME *begin = ASN1_TIME_set(NULL, from ? from : PKI_FROM);
	ASN1_TIME *end = ASN1_TIME_set(NULL, until ? until : PKI_UNTIL);
	X509_CRL *crl = X509_CRL_new();

	MUST(crl && begin && end && X509_CRL_set_version(crl, 1));
	MUST(X509_CRL_set_issuer_name(crl,
				      X509_get_subject_name(issuer->x509)));
	MUST(X509_CRL_set1_lastUpdate(crl, begin));
	MUST(X509_CRL_set1_nextUpdate(crl, end));
	for (size_t i = 0; i < count; i++)
		revoke(crl, serials[i], begin);
	ASN1_TIME_free(begin);
	ASN1_TIME_free(end);
	return crl;
}

static struct gikev2_chunk sign_crl(const struct pki_cert *issuer,
				    X509_CRL *crl)
{
	struct gikev2_chunk chunk;
	uint8_t *der = NULL;

	MUST(X509_CRL_sign(crl, issuer->key,
			   signature_digest(issuer->key, NULL)));
	chunk = keep_der(&der, i2d_X509_CRL(crl, &der));
	X509_CRL_free(crl);
	return chunk;
}

struct gikev2_chunk pki_crl(const struct pki_cert *issuer, int64_t from,
			    int64_t until, const uint32_t *serials,
			    size_t count)
{
	return sign_crl(issuer, make_crl(issuer, from, until, serials, count));
}

struct gikev2_chunk pki_crl_of_reasons(const struct pki_cert *issuer)
{
	X509_CRL *crl = make_crl(issuer, 0, 0, NULL, 0);
	ISSUING_DIST_POINT *scope = ISSUING_DIST_POINT_new();

	MUST(scope);
	scope->onlysomereasons = ASN1_BIT_STRING_new();
	MUST(scope->onlysomereasons &&
	     ASN1_BIT_STRING_set_bit(scope->onlysomereasons, 1, 1));
	MUST(X509_CRL_add1_ext_i2d(crl, NID_issuing_distribution_point, scope,
				   1, 0) == 1);
	ISSUING_DIST_POINT_free(scope);
	return sign_crl(issuer, crl);
}
