// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the engine's cryptography costs, beside the same primitive done with
 * OpenSSL directly.  Figures, not verdicts.
 *
 * "Directly" is as cheap as OpenSSL's public API allows: algorithms fetched
 * and contexts made beforehand, nothing wiped, no peer value checked.  Time is
 * processor time, and the least of several rounds that take turns, so that
 * what else the machine does falls out.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include "gikev2/gikev2_crypto.h"

#define ROUNDS 7
#define ROUND_NS 5e6

#define AAD_LEN 32
#define TEXT_LEN 496 /* with IV and ICV some 550 octets on the wire */
#define WRAP_LEN 68  /* GSK_e and GSK_w for AES-GCM-256 */

static uint8_t input[1024], output[4096], message[1024], sealed[1024];
static uint8_t wrapped[128];
static size_t wrapped_len;
static struct gikev2_crypto *crypto;

/* One row of the output, with what both sides need to do it. */
struct row {
	const char *name;
	void (*setup)(struct row *row);
	void (*ours)(struct row *row);
	void (*bare)(struct row *row);
	uint16_t id, key_bits, integ_id;
	const char *openssl; /* digest, group */

	const struct gikev2_prf_alg *prf;
	const struct gikev2_encr *encr;
	const struct gikev2_integ *integ;
	const struct gikev2_kwa *kwa;
	const struct gikev2_ke_alg *alg;
	struct gikev2_ke *ke;
	uint8_t peer[GIKEV2_KE_PUBLIC_MAX];
	EVP_MAC_CTX *mac;
	EVP_CIPHER_CTX *cipher;
	EVP_PKEY_CTX *generator, *derivation;
	double ours_ns, bare_ns;
};

/* No figure without a result. */
static void check(int ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "bench_crypto: %s failed\n", what);
	exit(1);
}

static int fill(void *arg, uint8_t *octets, size_t len)
{
	static uint8_t count;

	count++;
	for (size_t i = 0; i < len; i++)
		octets[i] = (uint8_t)(i * 7 + count);
	return 0;
}

/* --------------------------------------------------------------------- HMAC */

static void mac_setup(struct row *row)
{
	EVP_MAC *mac = EVP_MAC_fetch(NULL, "HMAC", NULL);
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string("digest", (char *)row->openssl,
						 0),
		OSSL_PARAM_construct_end(),
	};

	row->mac = EVP_MAC_CTX_new(mac);
	check(EVP_MAC_CTX_set_params(row->mac, params), "HMAC");
	EVP_MAC_free(mac);
}

static void prf_setup(struct row *row)
{
	row->prf = gikev2_prf_find(row->id);
	mac_setup(row);
}

static void prf_ours(struct row *row)
{
	struct gikev2_chunk key = { input, row->prf->len };
	struct gikev2_chunk data = { input, 100 };

	check(!gikev2_prf(crypto, row->prf, key, &data, 1, output), "prf");
}

static void prf_bare(struct row *row)
{
	size_t len;

	check(EVP_MAC_init(row->mac, input, row->prf->len, NULL) &&
		      EVP_MAC_update(row->mac, input, 100) &&
		      EVP_MAC_final(row->mac, output, &len, 64),
	      "EVP_MAC");
}

static void prf_plus_ours(struct row *row)
{
	struct gikev2_chunk key = { input, row->prf->len };
	struct gikev2_chunk seed = { input, 80 };

	check(!gikev2_prf_plus(crypto, row->prf, key, &seed, 1, output, 168),
	      "prf+");
}

static void prf_plus_bare(struct row *row)
{
	size_t len = row->prf->len, done = 0;
	const uint8_t *key = input;

	for (uint8_t n = 1; done < 168; n++, done += len, key = NULL) {
		check(EVP_MAC_init(row->mac, key, key ? len : 0, NULL) &&
			      EVP_MAC_update(row->mac,
					     output + done - len * (n > 1),
					     n > 1 ? len : 0) &&
			      EVP_MAC_update(row->mac, input, 80) &&
			      EVP_MAC_update(row->mac, &n, 1) &&
			      EVP_MAC_final(row->mac, output + done, &len, 64),
		      "EVP_MAC");
	}
}

static void sha1_ours(struct row *row)
{
	check(!gikev2_sha1(crypto, (struct gikev2_chunk){ input, 22 }, output),
	      "sha1");
}

static void sha1_bare(struct row *row)
{
	static EVP_MD_CTX *ctx;
	static EVP_MD *md;

	if (!ctx) {
		ctx = EVP_MD_CTX_new();
		md = EVP_MD_fetch(NULL, "SHA1", NULL);
	}
	check(EVP_DigestInit_ex2(ctx, md, NULL) &&
		      EVP_DigestUpdate(ctx, input, 22) &&
		      EVP_DigestFinal_ex(ctx, output, NULL),
	      "EVP_Digest");
}

/* ----------------------------------------------------------------- messages */

static void seal_setup(struct row *row)
{
	EVP_CIPHER *cipher;

	row->encr = gikev2_encr_find(row->id, row->key_bits);
	row->integ = row->integ_id ? gikev2_integ_find(row->integ_id) : NULL;
	if (row->integ)
		mac_setup(row);
	cipher = EVP_CIPHER_fetch(NULL, row->encr->cipher, NULL);
	row->cipher = EVP_CIPHER_CTX_new();
	check(EVP_CipherInit_ex2(row->cipher, cipher, NULL, NULL, 1, NULL),
	      "EVP_CipherInit");
	EVP_CIPHER_free(cipher);
}

static void seal_ours(struct row *row)
{
	check(!gikev2_seal(crypto, row->encr, row->integ, input, input, message,
			   AAD_LEN, TEXT_LEN),
	      "seal");
}

static void open_setup(struct row *row)
{
	seal_setup(row);
	memset(message, 0, sizeof(message));
	seal_ours(row);
	memcpy(sealed, message, sizeof(sealed));
}

static void open_ours(struct row *row)
{
	size_t icv_len = gikev2_icv_len(row->encr, row->integ);
	size_t len = AAD_LEN + row->encr->iv_len + TEXT_LEN + icv_len;

	memcpy(message, sealed, len);
	check(!gikev2_open(crypto, row->encr, row->integ, input, input, message,
			   AAD_LEN, len, &len),
	      "open");
}

static void mac_bare(struct row *row, uint8_t *out)
{
	size_t len;

	check(EVP_MAC_init(row->mac, input, row->integ->key_len, NULL) &&
		      EVP_MAC_update(row->mac, message,
				     AAD_LEN + row->encr->iv_len + TEXT_LEN) &&
		      EVP_MAC_final(row->mac, out, &len, 64),
	      "EVP_MAC");
}

static void cipher_bare(struct row *row, int encrypt)
{
	EVP_CIPHER_CTX *ctx = row->cipher;
	uint8_t *text = message + AAD_LEN + row->encr->iv_len;
	uint8_t *icv = text + TEXT_LEN;
	bool aead = !row->integ;
	uint8_t nonce[16];
	int len;

	memcpy(nonce, input + row->encr->key_len, row->encr->salt_len);
	memcpy(nonce + row->encr->salt_len, message + AAD_LEN,
	       row->encr->iv_len);
	check(EVP_CipherInit_ex2(ctx, NULL, input, nonce, encrypt, NULL) &&
		      EVP_CIPHER_CTX_set_padding(ctx, 0) &&
		      (!aead || encrypt ||
		       EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, 16,
					   icv)) &&
		      (!aead ||
		       EVP_CipherUpdate(ctx, NULL, &len, message, AAD_LEN)) &&
		      EVP_CipherUpdate(ctx, text, &len, text, TEXT_LEN) &&
		      EVP_CipherFinal_ex(ctx, text + len, &len) &&
		      (!aead || !encrypt ||
		       EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, 16,
					   icv)),
	      "EVP_Cipher");
}

static void seal_bare(struct row *row)
{
	cipher_bare(row, 1);
	if (row->integ)
		mac_bare(row, output);
}

static void open_bare(struct row *row)
{
	memcpy(message, sealed, AAD_LEN + 16 + TEXT_LEN + 32);
	if (row->integ)
		mac_bare(row, output);
	cipher_bare(row, 0);
}

/* ----------------------------------------------------------------- key wrap */

static void wrap_setup(struct row *row)
{
	EVP_CIPHER *cipher = EVP_CIPHER_fetch(NULL, "AES-256-WRAP-PAD", NULL);

	row->kwa = gikev2_kwa_find(row->id);
	row->cipher = EVP_CIPHER_CTX_new();
	EVP_CIPHER_CTX_set_flags(row->cipher, EVP_CIPHER_CTX_FLAG_WRAP_ALLOW);
	check(EVP_CipherInit_ex2(row->cipher, cipher, NULL, NULL, row->key_bits,
				 NULL),
	      "EVP_CipherInit");
	EVP_CIPHER_free(cipher);
	wrapped_len = sizeof(wrapped);
	check(!gikev2_wrap(crypto, row->kwa, input,
			   (struct gikev2_chunk){ input, WRAP_LEN }, wrapped,
			   &wrapped_len),
	      "wrap");
}

static void wrap_ours(struct row *row)
{
	size_t len = sizeof(output);

	check(!gikev2_wrap(crypto, row->kwa, input,
			   (struct gikev2_chunk){ input, WRAP_LEN }, output,
			   &len),
	      "wrap");
}

static void unwrap_ours(struct row *row)
{
	size_t len;

	check(!gikev2_unwrap(crypto, row->kwa, input,
			     (struct gikev2_chunk){ wrapped, wrapped_len },
			     output, &len),
	      "unwrap");
}

static void wrap_bare(struct row *row)
{
	int len;

	check(EVP_CipherInit_ex2(row->cipher, NULL, input, NULL, 1, NULL) &&
		      EVP_CipherUpdate(row->cipher, output, &len, input,
				       WRAP_LEN),
	      "AES-256-WRAP-PAD");
}

static void unwrap_bare(struct row *row)
{
	int len;

	check(EVP_CipherInit_ex2(row->cipher, NULL, input, NULL, 0, NULL) &&
		      EVP_CipherUpdate(row->cipher, output, &len, wrapped,
				       (int)wrapped_len),
	      "AES-256-WRAP-PAD");
}

/* ------------------------------------------------------------- key exchange */

static EVP_PKEY_CTX *ke_generator(const struct row *row)
{
	size_t bits = 8u * row->alg->private_len;
	int priv_len = (int)bits;
	bool modp = strncmp(row->openssl, "modp", 4) == 0;
	bool x25519 = strcmp(row->openssl, "X25519") == 0;
	EVP_PKEY_CTX *ctx;
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME,
						 (char *)row->openssl, 0),
		OSSL_PARAM_construct_end(),
		OSSL_PARAM_construct_end(),
	};

	if (modp) /* as long as ours */
		params[1] = OSSL_PARAM_construct_int(
			OSSL_PKEY_PARAM_DH_PRIV_LEN, &priv_len);
	ctx = EVP_PKEY_CTX_new_from_name(NULL,
					 modp	  ? "DH"
					 : x25519 ? "X25519"
						  : "EC",
					 NULL);
	check(EVP_PKEY_keygen_init(ctx) > 0 &&
		      (x25519 || EVP_PKEY_CTX_set_params(ctx, params) > 0),
	      row->openssl);
	return ctx;
}

static void ke_setup(struct row *row)
{
	EVP_PKEY *a = NULL, *b = NULL;
	struct gikev2_ke *peer;

	row->alg = gikev2_ke_find(row->id);
	check(!gikev2_ke_new(crypto, row->alg, fill, NULL, &row->ke) &&
		      !gikev2_ke_new(crypto, row->alg, fill, NULL, &peer),
	      "gikev2_ke_new");
	gikev2_ke_public(peer, row->peer);
	gikev2_ke_free(peer);

	row->generator = ke_generator(row);
	check(EVP_PKEY_generate(row->generator, &a) > 0 &&
		      EVP_PKEY_generate(row->generator, &b) > 0,
	      "EVP_PKEY_generate");
	row->derivation = EVP_PKEY_CTX_new_from_pkey(NULL, a, NULL);
	check(EVP_PKEY_derive_init(row->derivation) > 0 &&
		      EVP_PKEY_derive_set_peer_ex(row->derivation, b, 0) > 0,
	      "EVP_PKEY_derive_set_peer");
	EVP_PKEY_free(a);
	EVP_PKEY_free(b);
}

static void ke_new_ours(struct row *row)
{
	struct gikev2_ke *ke;

	check(!gikev2_ke_new(crypto, row->alg, fill, NULL, &ke),
	      "gikev2_ke_new");
	gikev2_ke_public(ke, output);
	gikev2_ke_free(ke);
}

static void ke_new_bare(struct row *row)
{
	EVP_PKEY *key = NULL;

	check(EVP_PKEY_generate(row->generator, &key) > 0, "EVP_PKEY_generate");
	EVP_PKEY_free(key);
}

static void ke_derive_ours(struct row *row)
{
	struct gikev2_chunk peer = { row->peer, row->alg->public_len };

	check(!gikev2_ke_derive(row->ke, peer, output), "gikev2_ke_derive");
}

static void ke_derive_bare(struct row *row)
{
	size_t len = sizeof(output);

	check(EVP_PKEY_derive(row->derivation, output, &len) > 0,
	      "EVP_PKEY_derive");
}

/* -------------------------------------------------------------------- table */

#define PRF(id, digest)                                                        \
	{ "prf 100, HMAC-" digest,                                             \
	  prf_setup,                                                           \
	  prf_ours,                                                            \
	  prf_bare,                                                            \
	  id,                                                                  \
	  0,                                                                   \
	  0,                                                                   \
	  digest },                                                            \
	{                                                                      \
		"prf+ 168, HMAC-" digest, prf_setup, prf_plus_ours,            \
			prf_plus_bare, id, 0, 0, digest                        \
	}
#define SEAL(name, id, bits, integ, digest)                                    \
	{ "seal " name, seal_setup, seal_ours, seal_bare,                      \
	  id,		bits,	    integ,     digest },                       \
	{                                                                      \
		"open " name, open_setup, open_ours, open_bare, id, bits,      \
			integ, digest                                          \
	}
#define KE(name, id, group)                                                    \
	{ name " key and public value",                                        \
	  ke_setup,                                                            \
	  ke_new_ours,                                                         \
	  ke_new_bare,                                                         \
	  id,                                                                  \
	  0,                                                                   \
	  0,                                                                   \
	  group },                                                             \
	{                                                                      \
		name " shared secret", ke_setup, ke_derive_ours,               \
			ke_derive_bare, id, 0, 0, group                        \
	}

static struct row rows[] = {
	{ "sha1 22", NULL, sha1_ours, sha1_bare },
	PRF(5, "SHA2-256"),
	PRF(6, "SHA2-384"),
	PRF(7, "SHA2-512"),
	SEAL("496, AES-GCM-16-128", 20, 128, 0, NULL),
	SEAL("496, AES-GCM-16-256", 20, 256, 0, NULL),
	SEAL("496, ChaCha20-Poly1305", 28, 0, 0, NULL),
	SEAL("496, AES-CBC-256 HMAC-SHA2-256", 12, 256, 12, "SHA2-256"),
	SEAL("496, AES-CBC-256 HMAC-SHA2-512", 12, 256, 14, "SHA2-512"),
	{ "wrap 68, KW_5649_256", wrap_setup, wrap_ours, wrap_bare, 3, 1 },
	{ "unwrap 80, KW_5649_256", wrap_setup, unwrap_ours, unwrap_bare, 3,
	  0 },
	KE("X25519", 31, "X25519"),
	KE("P-256", 19, "P-256"),
	KE("P-384", 20, "P-384"),
	KE("P-521", 21, "P-521"),
	KE("MODP-2048", 14, "modp_2048"),
	KE("MODP-3072", 15, "modp_3072"),
	KE("MODP-4096", 16, "modp_4096"),
};

#define ROWS (sizeof(rows) / sizeof(rows[0]))

static double cpu_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

static double time_each(struct row *row, void (*call)(struct row *row),
			unsigned int count)
{
	double start = cpu_ns();

	for (unsigned int i = 0; i < count; i++)
		call(row);
	return (cpu_ns() - start) / count;
}

static void measure(struct row *row)
{
	double once;
	unsigned int count;

	if (row->setup)
		row->setup(row);
	row->bare(row);
	time_each(row, row->ours, 1);
	once = time_each(row, row->ours, 3);
	count = once < ROUND_NS ? (unsigned int)(ROUND_NS / once) + 1 : 1;
	row->ours_ns = row->bare_ns = 1e18;
	for (int i = 0; i < ROUNDS; i++) {
		double ours = time_each(row, row->ours, count);
		double bare = time_each(row, row->bare, count);

		if (ours < row->ours_ns)
			row->ours_ns = ours;
		if (bare < row->bare_ns)
			row->bare_ns = bare;
	}
}

static void cleanup(struct row *row)
{
	gikev2_ke_free(row->ke);
	EVP_MAC_CTX_free(row->mac);
	EVP_CIPHER_CTX_free(row->cipher);
	EVP_PKEY_CTX_free(row->generator);
	EVP_PKEY_CTX_free(row->derivation);
}

int main(void)
{
	crypto = gikev2_crypto_new();
	check(crypto != NULL, "gikev2_crypto_new");
	fill(NULL, input, sizeof(input));

	printf("%s; processor time, least of %d rounds\n",
	       OpenSSL_version(OPENSSL_VERSION), ROUNDS);
	printf("%-38s %12s %12s %8s\n", "primitive, octets", "engine",
	       "OpenSSL", "OpenSSL/");
	printf("%-38s %12s %12s %8s\n", "", "us", "us", "engine");
	for (size_t i = 0; i < ROWS; i++) {
		measure(&rows[i]);
		printf("%-38s %12.3f %12.3f %8.2f\n", rows[i].name,
		       rows[i].ours_ns / 1e3, rows[i].bare_ns / 1e3,
		       rows[i].bare_ns / rows[i].ours_ns);
		cleanup(&rows[i]);
	}
	gikev2_crypto_free(crypto);
	return 0;
}
