// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Signatures of the Digital Signature method, and the keys for them.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/obj_mac.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "gikev2/gikev2_crypto_private.h"
#include "gikev2/gikev2_sign.h"

/* ECDSA hits the fixed length every second time: so many in vain mean a
 * generator that always gives the same number. */
#define TRIES_MAX 64

/* Beside OpenSSL's key, so that all handles share it: has it failed to sign? */
#define APP_DATA 0

struct gikev2_key {
	EVP_PKEY *pkey;
	enum gikev2_key_type type;
	bool private;
};

/* -------------------------------------------------------------- algorithms */

#define BYTES(...)                                                             \
	{                                                                      \
		(const uint8_t[]){ __VA_ARGS__ },                              \
			sizeof((const uint8_t[]){ __VA_ARGS__ })               \
	}

/* RFC 7427 appendix A, RFC 8420 appendix A.  Each OID ends in one octet that
 * tells the hash. */
#define ID_ED25519 BYTES(0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70)
#define ID_ECDSA(hash)                                                         \
	BYTES(0x30, 0x0a, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04,      \
	      0x03, hash)
#define ID_PKCS1(hash)                                                         \
	BYTES(0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d,      \
	      0x01, 0x01, hash, 0x05, 0x00)

/* RSASSA-PSS-params: hash, MGF1 with the same, salt as long as the hash */
#define OID_PSS 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0a
#define OID_MGF1                                                               \
	0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x08
#define ALG_SHA2(hash)                                                         \
	0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04,      \
		0x02, hash, 0x05, 0x00
#define PSS_PARAMS(hash, salt)                                                 \
	0xa0, 0x0f, ALG_SHA2(hash), 0xa1, 0x1c, 0x30, 0x1a, OID_MGF1,          \
		ALG_SHA2(hash), 0xa2, 0x03, 0x02, 0x01, salt

/* DER leaves the default trailerField out, RFC 7427 prints it. */
#define ID_PSS(hash, salt)                                                     \
	BYTES(0x30, 0x41, OID_PSS, 0x30, 0x34, PSS_PARAMS(hash, salt))
#define ID_PSS_LONG(hash, salt)                                                \
	BYTES(0x30, 0x46, OID_PSS, 0x30, 0x39, PSS_PARAMS(hash, salt), 0xa3,   \
	      0x03, 0x02, 0x01, 0x01)

#define KEY_BIT(type) (1u << (type))
#define KEYS_ED25519 KEY_BIT(GIKEV2_KEY_ED25519)
#define KEYS_EC (KEY_BIT(GIKEV2_KEY_P256) | KEY_BIT(GIKEV2_KEY_P384))
#define KEYS_RSA KEY_BIT(GIKEV2_KEY_RSA)
#define KEYS_PSS (KEY_BIT(GIKEV2_KEY_RSA) | KEY_BIT(GIKEV2_KEY_RSA_PSS))

enum row {
	ED25519,
	ECDSA_256,
	ECDSA_384,
	ECDSA_512,
	PSS_256,
	PSS_384,
	PSS_512,
	PKCS1_256,
	PKCS1_384,
	PKCS1_512,
};

static const struct gikev2_sign_alg algs[] = {
	[ED25519] = { "Ed25519", GIKEV2_HASH_IDENTITY, KEYS_ED25519, true,
		      false, NULL, ID_ED25519 },
	[ECDSA_256] = { "ECDSA-SHA2-256", GIKEV2_HASH_SHA2_256, KEYS_EC, true,
			false, "SHA2-256", ID_ECDSA(2) },
	[ECDSA_384] = { "ECDSA-SHA2-384", GIKEV2_HASH_SHA2_384, KEYS_EC, true,
			false, "SHA2-384", ID_ECDSA(3) },
	[ECDSA_512] = { "ECDSA-SHA2-512", GIKEV2_HASH_SHA2_512, KEYS_EC, true,
			false, "SHA2-512", ID_ECDSA(4) },
	[PSS_256] = { "RSASSA-PSS-SHA2-256", GIKEV2_HASH_SHA2_256, KEYS_PSS,
		      true, true, "SHA2-256", ID_PSS(1, 32),
		      ID_PSS_LONG(1, 32) },
	[PSS_384] = { "RSASSA-PSS-SHA2-384", GIKEV2_HASH_SHA2_384, KEYS_PSS,
		      true, true, "SHA2-384", ID_PSS(2, 48),
		      ID_PSS_LONG(2, 48) },
	[PSS_512] = { "RSASSA-PSS-SHA2-512", GIKEV2_HASH_SHA2_512, KEYS_PSS,
		      true, true, "SHA2-512", ID_PSS(3, 64),
		      ID_PSS_LONG(3, 64) },
	[PKCS1_256] = { "RSA-PKCS1-SHA2-256", GIKEV2_HASH_SHA2_256, KEYS_RSA,
			false, false, "SHA2-256", ID_PKCS1(0x0b) },
	[PKCS1_384] = { "RSA-PKCS1-SHA2-384", GIKEV2_HASH_SHA2_384, KEYS_RSA,
			false, false, "SHA2-384", ID_PKCS1(0x0c) },
	[PKCS1_512] = { "RSA-PKCS1-SHA2-512", GIKEV2_HASH_SHA2_512, KEYS_RSA,
			false, false, "SHA2-512", ID_PKCS1(0x0d) },
};

/* Best first: with ECDSA the hash that is as long as the key. */
#define PREFERENCES 3
static const uint8_t preference[GIKEV2_KEY_TYPES][PREFERENCES] = {
	[GIKEV2_KEY_ED25519] = { ED25519, ED25519, ED25519 },
	[GIKEV2_KEY_P256] = { ECDSA_256, ECDSA_384, ECDSA_512 },
	[GIKEV2_KEY_P384] = { ECDSA_384, ECDSA_512, ECDSA_256 },
	[GIKEV2_KEY_RSA] = { PSS_256, PSS_384, PSS_512 },
	[GIKEV2_KEY_RSA_PSS] = { PSS_256, PSS_384, PSS_512 },
};

static bool chunk_equal(struct gikev2_chunk a, struct gikev2_chunk b)
{
	return a.len == b.len && a.len && memcmp(a.ptr, b.ptr, a.len) == 0;
}

const struct gikev2_sign_alg *gikev2_sign_alg_find(struct gikev2_chunk id)
{
	for (size_t i = 0; i < ARRAY_LEN(algs); i++)
		if (chunk_equal(id, algs[i].id) ||
		    chunk_equal(id, algs[i].id_long))
			return &algs[i];
	return NULL;
}

/* Sets up one signature to be made or verified; 0 is OpenSSL's failure. */
static int start(EVP_MD_CTX *ctx, const struct gikev2_sign_alg *alg,
		 const struct gikev2_key *key, bool sign)
{
	EVP_PKEY_CTX *pctx = NULL;
	int ok;

	if (sign)
		ok = EVP_DigestSignInit_ex(ctx, &pctx, alg->digest, NULL, NULL,
					   key->pkey, NULL);
	else
		ok = EVP_DigestVerifyInit_ex(ctx, &pctx, alg->digest, NULL,
					     NULL, key->pkey, NULL);
	if (ok == 1 && alg->pss)
		ok = EVP_PKEY_CTX_set_rsa_padding(pctx, RSA_PKCS1_PSS_PADDING) >
			     0 &&
		     EVP_PKEY_CTX_set_rsa_mgf1_md_name(pctx, alg->digest,
						       NULL) > 0 &&
		     EVP_PKEY_CTX_set_rsa_pss_saltlen(
			     pctx, RSA_PSS_SALTLEN_DIGEST) > 0;
	return ok == 1;
}

bool gikev2_sign_alg_fits(const struct gikev2_sign_alg *alg,
			  const struct gikev2_key *key)
{
	EVP_MD_CTX *ctx;
	bool fits;

	if (!(alg->key_types & KEY_BIT(key->type)))
		return false;
	if (key->type != GIKEV2_KEY_RSA_PSS)
		return true;
	/* its parameters may admit one hash only: OpenSSL knows */
	ctx = EVP_MD_CTX_new();
	fits = ctx && start(ctx, alg, key, key->private);
	EVP_MD_CTX_free(ctx);
	ERR_clear_error();
	return fits;
}

const struct gikev2_sign_alg *gikev2_sign_choose(const struct gikev2_key *key,
						 uint32_t hashes)
{
	for (size_t i = 0; i < PREFERENCES; i++) {
		const struct gikev2_sign_alg *alg =
			&algs[preference[key->type][i]];

		if ((hashes & GIKEV2_HASH_BIT(alg->hash)) &&
		    gikev2_sign_alg_fits(alg, key))
			return alg;
	}
	return NULL;
}

int gikev2_auth_data_parse(struct gikev2_chunk data, struct gikev2_chunk *id,
			   struct gikev2_chunk *signature)
{
	if (data.len < 1 || data.ptr[0] == 0 || data.len - 1 <= data.ptr[0])
		return -GIKEV2_ERR_BAD_SYNTAX;
	*id = (struct gikev2_chunk){ data.ptr + 1, data.ptr[0] };
	*signature = (struct gikev2_chunk){ id->ptr + id->len,
					    data.len - 1 - id->len };
	return 0;
}

/* -------------------------------------------- SIGNATURE_HASH_ALGORITHMS */

size_t gikev2_hash_list_put(uint32_t mask, uint8_t out[GIKEV2_HASH_LIST_MAX])
{
	size_t len = 0;

	for (unsigned int hash = GIKEV2_HASH_SHA1; hash <= GIKEV2_HASH_IDENTITY;
	     hash++) {
		if (!(mask & GIKEV2_HASH_BIT(hash)))
			continue;
		out[len++] = 0;
		out[len++] = (uint8_t)hash;
	}
	return len;
}

int gikev2_hash_list_parse(struct gikev2_chunk data, uint32_t *mask)
{
	*mask = 0;
	if (data.len % 2)
		return -GIKEV2_ERR_BAD_SYNTAX;
	for (size_t i = 0; i < data.len; i += 2)
		if (data.ptr[i] == 0 && data.ptr[i + 1] >= GIKEV2_HASH_SHA1 &&
		    data.ptr[i + 1] <= GIKEV2_HASH_IDENTITY)
			*mask |= GIKEV2_HASH_BIT(data.ptr[i + 1]);
	return 0;
}

/* -------------------------------------------------------------------- keys */

/* Only by name: a curve spelled out is one that nobody has examined. */
static bool ec_type(const EVP_PKEY *pkey, enum gikev2_key_type *type)
{
	char name[32];
	int spelled_out = 0, nid;

	EVP_PKEY_get_int_param(pkey,
			       OSSL_PKEY_PARAM_EC_DECODED_FROM_EXPLICIT_PARAMS,
			       &spelled_out);
	if (spelled_out ||
	    EVP_PKEY_get_group_name(pkey, name, sizeof(name), NULL) != 1)
		return false;
	nid = OBJ_sn2nid(name);
	if (nid == NID_undef)
		nid = EC_curve_nist2nid(name);
	*type = nid == NID_secp384r1 ? GIKEV2_KEY_P384 : GIKEV2_KEY_P256;
	return nid == NID_secp384r1 || nid == NID_X9_62_prime256v1;
}

static bool rsa_type(const EVP_PKEY *pkey, enum gikev2_key_type *type)
{
	int bits = EVP_PKEY_get_bits(pkey);

	*type = EVP_PKEY_is_a(pkey, "RSA") ? GIKEV2_KEY_RSA
					   : GIKEV2_KEY_RSA_PSS;
	return bits >= GIKEV2_RSA_BITS_MIN && bits <= GIKEV2_RSA_BITS_MAX;
}

static bool classify(const EVP_PKEY *pkey, enum gikev2_key_type *type)
{
	if (EVP_PKEY_is_a(pkey, "ED25519")) {
		*type = GIKEV2_KEY_ED25519;
		return true;
	}
	if (EVP_PKEY_is_a(pkey, "EC"))
		return ec_type(pkey, type);
	if (EVP_PKEY_is_a(pkey, "RSA") || EVP_PKEY_is_a(pkey, "RSA-PSS"))
		return rsa_type(pkey, type);
	return false;
}

int gikev2_key_new(EVP_PKEY *pkey, bool private, struct gikev2_key **key)
{
	enum gikev2_key_type type;
	bool accepted = classify(pkey, &type);

	*key = NULL;
	ERR_clear_error();
	if (!accepted)
		return -GIKEV2_ERR_KEY_REFUSED;
	*key = malloc(sizeof(**key));
	if (!*key)
		return -GIKEV2_ERR_NO_MEMORY;
	EVP_PKEY_up_ref(pkey);
	**key = (struct gikev2_key){ pkey, type, private };
	return 0;
}

int gikev2_key_from_seed(const uint8_t seed[GIKEV2_ED25519_SEED_LEN],
			 struct gikev2_key **key)
{
	EVP_PKEY *pkey = EVP_PKEY_new_raw_private_key_ex(
		NULL, "ED25519", NULL, seed, GIKEV2_ED25519_SEED_LEN);
	int ret;

	*key = NULL;
	if (!pkey)
		return gikev2_crypto_failed();
	ret = gikev2_key_new(pkey, true, key);
	EVP_PKEY_free(pkey);
	return ret;
}

/* id-RSASSA-PSS is to come with its parameters (RFC 9838 section 4.5.3.2). */
static bool pss_without_params(X509_PUBKEY *spki)
{
	const ASN1_OBJECT *oid;
	X509_ALGOR *algor;
	int type;

	if (X509_PUBKEY_get0_param(NULL, NULL, NULL, &algor, spki) != 1)
		return true;
	X509_ALGOR_get0(&oid, &type, NULL, algor);
	return OBJ_obj2nid(oid) == NID_rsassaPss && type == V_ASN1_UNDEF;
}

int gikev2_key_from_spki(struct gikev2_chunk spki, struct gikev2_key **key)
{
	const uint8_t *end = spki.ptr;
	X509_PUBKEY *parsed = NULL;
	EVP_PKEY *pkey = NULL;
	int ret = -GIKEV2_ERR_BAD_SYNTAX;

	*key = NULL;
	if (spki.len <= GIKEV2_SPKI_MAX)
		parsed = d2i_X509_PUBKEY(NULL, &end, (long)spki.len);
	if (parsed && end == spki.ptr + spki.len) {
		ret = -GIKEV2_ERR_KEY_REFUSED;
		if (!pss_without_params(parsed))
			pkey = X509_PUBKEY_get0(parsed);
		if (pkey)
			ret = gikev2_key_new(pkey, false, key);
	}
	X509_PUBKEY_free(parsed);
	ERR_clear_error();
	return ret;
}

int gikev2_key_spki(const struct gikev2_key *key, uint8_t *out, size_t *len)
{
	X509_PUBKEY *spki = NULL;
	int need, ret = 0;

	if (X509_PUBKEY_set(&spki, key->pkey) != 1)
		return gikev2_crypto_failed();
	need = i2d_X509_PUBKEY(spki, NULL);
	if (need < 0)
		ret = gikev2_crypto_failed();
	else if (pss_without_params(spki))
		ret = -GIKEV2_ERR_KEY_REFUSED;
	else if ((size_t)need > *len)
		ret = -GIKEV2_ERR_TOO_LONG;
	else
		*len = (size_t)i2d_X509_PUBKEY(spki, &out);
	X509_PUBKEY_free(spki);
	return ret;
}

struct gikev2_key *gikev2_key_dup(const struct gikev2_key *key)
{
	struct gikev2_key *copy;

	gikev2_key_new(key->pkey, key->private, &copy);
	return copy;
}

void gikev2_key_free(struct gikev2_key *key)
{
	if (!key)
		return;
	EVP_PKEY_free(key->pkey);
	free(key);
}

static bool same_spki(EVP_PKEY *a, EVP_PKEY *b)
{
	uint8_t *a_der = NULL, *b_der = NULL;
	int a_len = i2d_PUBKEY(a, &a_der), b_len = i2d_PUBKEY(b, &b_der);
	bool same = a_len > 0 && a_len == b_len &&
		    memcmp(a_der, b_der, (size_t)a_len) == 0;

	OPENSSL_free(a_der);
	OPENSSL_free(b_der);
	return same;
}

/* EVP_PKEY_eq() tells two handles on one key of a token apart. */
bool gikev2_key_equal(const struct gikev2_key *a, const struct gikev2_key *b)
{
	bool equal = EVP_PKEY_eq(a->pkey, b->pkey) == 1 ||
		     same_spki(a->pkey, b->pkey);

	ERR_clear_error();
	return equal;
}

enum gikev2_key_type gikev2_key_type(const struct gikev2_key *key)
{
	return key->type;
}

bool gikev2_key_private(const struct gikev2_key *key)
{
	return key->private;
}

bool gikev2_key_failed(const struct gikev2_key *key)
{
	return EVP_PKEY_get_ex_data(key->pkey, APP_DATA);
}

const char *gikev2_key_text(const struct gikev2_key *key, char *buf,
			    size_t size)
{
	static const char *const names[GIKEV2_KEY_TYPES] = {
		[GIKEV2_KEY_ED25519] = "Ed25519",
		[GIKEV2_KEY_P256] = "ECDSA P-256",
		[GIKEV2_KEY_P384] = "ECDSA P-384",
		[GIKEV2_KEY_RSA] = "RSA",
		[GIKEV2_KEY_RSA_PSS] = "RSASSA-PSS",
	};

	if (key->type == GIKEV2_KEY_RSA || key->type == GIKEV2_KEY_RSA_PSS)
		snprintf(buf, size, "%s %d", names[key->type],
			 EVP_PKEY_get_bits(key->pkey));
	else
		snprintf(buf, size, "%s", names[key->type]);
	return buf;
}

/* ----------------------------------------------------- signing, verifying */

/* Not EVP_PKEY_get_size(), which says more than that for keys in some tokens. */
size_t gikev2_signature_max(const struct gikev2_key *key)
{
	switch (key->type) {
	case GIKEV2_KEY_ED25519:
		return 64;
	case GIKEV2_KEY_P256:
		return 72;
	case GIKEV2_KEY_P384:
		return 104;
	case GIKEV2_KEY_RSA:
	case GIKEV2_KEY_RSA_PSS:
	case GIKEV2_KEY_TYPES:
		break;
	}
	return ((size_t)EVP_PKEY_get_bits(key->pkey) + 7) / 8;
}

/* Each of r and s has a leading zero octet when its first bit is set. */
size_t gikev2_signature_fixed(const struct gikev2_key *key)
{
	bool varies = KEYS_EC & KEY_BIT(key->type);

	return gikev2_signature_max(key) - (varies ? 1 : 0);
}

/* Ed25519 takes its message in one piece.  Nothing in it is secret. */
static uint8_t *join(const struct gikev2_chunk *parts, size_t count,
		     size_t *len)
{
	uint8_t *joined, *end;

	*len = 0;
	for (size_t i = 0; i < count; i++)
		*len += parts[i].len;
	joined = end = malloc(*len ? *len : 1);
	for (size_t i = 0; joined && i < count; i++) {
		if (parts[i].len)
			memcpy(end, parts[i].ptr, parts[i].len);
		end += parts[i].len;
	}
	return joined;
}

static int sign_joined(EVP_MD_CTX *ctx, const struct gikev2_chunk *parts,
		       size_t count, uint8_t *out, size_t *len)
{
	size_t text_len;
	uint8_t *text = join(parts, count, &text_len);
	int ok = text && EVP_DigestSign(ctx, out, len, text, text_len) == 1;

	free(text);
	return ok;
}

static int sign_parts(EVP_MD_CTX *ctx, const struct gikev2_chunk *parts,
		      size_t count, uint8_t *out, size_t *len)
{
	for (size_t i = 0; i < count; i++)
		if (EVP_DigestSignUpdate(ctx, parts[i].ptr, parts[i].len) != 1)
			return 0;
	return EVP_DigestSignFinal(ctx, out, len);
}

int gikev2_sign(const struct gikev2_key *key, const struct gikev2_sign_alg *alg,
		const struct gikev2_chunk *parts, size_t count, uint8_t *out,
		size_t *len)
{
	uint8_t signature[GIKEV2_SIGNATURE_MAX];
	size_t room = sizeof(signature);
	EVP_MD_CTX *ctx;
	int ok;

	if (!key->private)
		return -GIKEV2_ERR_KEY_REFUSED;
	if (!gikev2_sign_alg_fits(alg, key))
		return -GIKEV2_ERR_SIGNATURE_ALGORITHM;
	if (*len < gikev2_signature_max(key))
		return -GIKEV2_ERR_TOO_LONG;
	ctx = EVP_MD_CTX_new();
	if (!ctx)
		return -GIKEV2_ERR_NO_MEMORY;
	ok = start(ctx, alg, key, true);
	if (ok)
		ok = alg->digest
			     ? sign_parts(ctx, parts, count, signature, &room)
			     : sign_joined(ctx, parts, count, signature, &room);
	EVP_MD_CTX_free(ctx);
	if (ok != 1 || room > *len) {
		EVP_PKEY_set_ex_data(key->pkey, APP_DATA, key->pkey);
		return gikev2_crypto_failed();
	}
	memcpy(out, signature, room);
	*len = room;
	return 0;
}

int gikev2_sign_fixed(const struct gikev2_key *key,
		      const struct gikev2_sign_alg *alg,
		      const struct gikev2_chunk *parts, size_t count,
		      uint8_t *out, size_t len)
{
	uint8_t signature[GIKEV2_SIGNATURE_MAX];

	for (int i = 0; i < TRIES_MAX; i++) {
		size_t got = sizeof(signature);
		int ret = gikev2_sign(key, alg, parts, count, signature, &got);

		if (ret < 0)
			return ret;
		if (got == len) {
			memcpy(out, signature, len);
			return 0;
		}
	}
	return -GIKEV2_ERR_CRYPTO;
}

static int verify_joined(EVP_MD_CTX *ctx, const struct gikev2_chunk *parts,
			 size_t count, struct gikev2_chunk signature)
{
	size_t text_len;
	uint8_t *text = join(parts, count, &text_len);
	int ok = text && EVP_DigestVerify(ctx, signature.ptr, signature.len,
					  text, text_len) == 1;

	free(text);
	return ok;
}

static int verify_parts(EVP_MD_CTX *ctx, const struct gikev2_chunk *parts,
			size_t count, struct gikev2_chunk signature)
{
	for (size_t i = 0; i < count; i++)
		if (EVP_DigestVerifyUpdate(ctx, parts[i].ptr, parts[i].len) !=
		    1)
			return 0;
	return EVP_DigestVerifyFinal(ctx, signature.ptr, signature.len);
}

int gikev2_verify(const struct gikev2_key *key, struct gikev2_chunk id,
		  uint32_t hashes, const struct gikev2_chunk *parts,
		  size_t count, struct gikev2_chunk signature)
{
	const struct gikev2_sign_alg *alg = gikev2_sign_alg_find(id);
	EVP_MD_CTX *ctx;
	int ok;

	if (!alg || !gikev2_sign_alg_fits(alg, key))
		return -GIKEV2_ERR_SIGNATURE_ALGORITHM;
	if (!(hashes & GIKEV2_HASH_BIT(alg->hash)))
		return -GIKEV2_ERR_HASH_NOT_ALLOWED;
	if (signature.len == 0 || signature.len > gikev2_signature_max(key))
		return -GIKEV2_ERR_BAD_SIGNATURE;
	ctx = EVP_MD_CTX_new();
	if (!ctx)
		return -GIKEV2_ERR_NO_MEMORY;
	ok = start(ctx, alg, key, false);
	if (ok)
		ok = alg->digest ? verify_parts(ctx, parts, count, signature)
				 : verify_joined(ctx, parts, count, signature);
	EVP_MD_CTX_free(ctx);
	ERR_clear_error();
	return ok == 1 ? 0 : -GIKEV2_ERR_BAD_SIGNATURE;
}
