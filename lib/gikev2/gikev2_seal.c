// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Sealed messages (RFC 7296 section 3.14, RFC 5282, RFC 7634) and wrapped
 * keys (RFC 5649).
 *
 * One cipher context serves all.  It is reset after each use, which wipes
 * the key schedule and costs no more than 0.1 us.
 */
#include <limits.h>
#include <string.h>

#include <openssl/crypto.h>

#include "gikev2/gikev2_crypto_private.h"

#define NONCE_MAX 16
#define BLOCK 16 /* of AES */
#define HALF 8	 /* what RFC 3394 works on */

/* Where things are in a message; see gikev2_seal() in gikev2_crypto.h. */
struct layout {
	uint8_t *aad, *iv, *text, *icv;
	int aad_len, text_len;
	size_t icv_len;
};

static void layout_set(struct layout *layout, const struct gikev2_encr *encr,
		       const struct gikev2_integ *integ, uint8_t *message,
		       size_t aad_len, size_t text_len)
{
	layout->aad = message;
	layout->aad_len = (int)aad_len;
	layout->iv = message + aad_len;
	layout->text = layout->iv + encr->iv_len;
	layout->text_len = (int)text_len;
	layout->icv = layout->text + text_len;
	layout->icv_len = gikev2_icv_len(encr, integ);
}

size_t gikev2_icv_len(const struct gikev2_encr *encr,
		      const struct gikev2_integ *integ)
{
	if (encr->icv_len)
		return encr->icv_len;
	return integ ? integ->icv_len : 0;
}

/* Sets cipher, key and nonce (salt | IV; CBC has no salt). */
static bool cipher_start(struct gikev2_crypto *crypto,
			 const struct gikev2_encr *encr, const uint8_t *sk_e,
			 const uint8_t *iv, bool encrypt)
{
	EVP_CIPHER_CTX *ctx = crypto->cipher_ctx;
	uint8_t nonce[NONCE_MAX];

	memcpy(nonce, sk_e + encr->key_len, encr->salt_len);
	memcpy(nonce + encr->salt_len, iv, encr->iv_len);
	return EVP_CipherInit_ex2(ctx, gikev2_encr_cipher(crypto, encr), sk_e,
				  nonce, encrypt, NULL) &&
	       EVP_CIPHER_CTX_set_padding(ctx, 0);
}

/* Encrypts or decrypts layout->text in place; for AEAD the tag comes after
 * it or was set before it. */
static bool cipher_run(EVP_CIPHER_CTX *ctx, const struct layout *layout)
{
	int len = 0, rest = 0;

	return EVP_CipherUpdate(ctx, layout->text, &len, layout->text,
				layout->text_len) &&
	       EVP_CipherFinal_ex(ctx, layout->text + len, &rest) &&
	       len + rest == layout->text_len;
}

static bool cipher_aad(EVP_CIPHER_CTX *ctx, const struct layout *layout)
{
	int len;

	return EVP_CipherUpdate(ctx, NULL, &len, layout->aad, layout->aad_len);
}

static int integ_sum(struct gikev2_crypto *crypto,
		     const struct gikev2_integ *integ, const uint8_t *sk_a,
		     const struct layout *layout, uint8_t *out)
{
	struct gikev2_chunk data = { layout->aad,
				     (size_t)(layout->icv - layout->aad) };

	return gikev2_integ_sum(crypto, integ, sk_a, data, out);
}

int gikev2_seal(struct gikev2_crypto *crypto, const struct gikev2_encr *encr,
		const struct gikev2_integ *integ, const uint8_t *sk_e,
		const uint8_t *sk_a, uint8_t *message, size_t aad_len,
		size_t text_len)
{
	EVP_CIPHER_CTX *ctx = crypto->cipher_ctx;
	bool aead = encr->icv_len != 0;
	struct layout layout;
	bool ok;

	if (aad_len > INT_MAX || text_len > INT_MAX)
		return -GIKEV2_ERR_TOO_LONG;
	if ((!aead && !integ) || text_len % encr->block_len)
		return -GIKEV2_ERR_CRYPTO;
	layout_set(&layout, encr, integ, message, aad_len, text_len);

	ok = cipher_start(crypto, encr, sk_e, layout.iv, true) &&
	     (!aead || cipher_aad(ctx, &layout)) && cipher_run(ctx, &layout) &&
	     (!aead || EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG,
					   (int)layout.icv_len, layout.icv));
	EVP_CIPHER_CTX_reset(ctx);
	if (!ok)
		return gikev2_crypto_failed();
	return aead ? 0 : integ_sum(crypto, integ, sk_a, &layout, layout.icv);
}

static int open_aead(struct gikev2_crypto *crypto,
		     const struct gikev2_encr *encr, const uint8_t *sk_e,
		     const struct layout *layout)
{
	EVP_CIPHER_CTX *ctx = crypto->cipher_ctx;
	bool ready, ok;

	ready = cipher_start(crypto, encr, sk_e, layout->iv, false) &&
		EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG,
				    (int)layout->icv_len, layout->icv) &&
		cipher_aad(ctx, layout);
	ok = ready && cipher_run(ctx, layout);
	EVP_CIPHER_CTX_reset(ctx);
	if (ok)
		return 0;
	gikev2_crypto_failed();
	return ready ? -GIKEV2_ERR_BAD_ICV : -GIKEV2_ERR_CRYPTO;
}

static int open_cbc(struct gikev2_crypto *crypto,
		    const struct gikev2_encr *encr,
		    const struct gikev2_integ *integ, const uint8_t *sk_e,
		    const uint8_t *sk_a, const struct layout *layout)
{
	uint8_t icv[GIKEV2_ICV_MAX];
	int ret = integ_sum(crypto, integ, sk_a, layout, icv);
	bool ok;

	if (ret)
		return ret;
	if (!gikev2_equal(icv, layout->icv, layout->icv_len))
		return -GIKEV2_ERR_BAD_ICV;
	if (layout->text_len % encr->block_len)
		return -GIKEV2_ERR_BAD_SYNTAX;
	ok = cipher_start(crypto, encr, sk_e, layout->iv, false) &&
	     cipher_run(crypto->cipher_ctx, layout);
	EVP_CIPHER_CTX_reset(crypto->cipher_ctx);
	return ok ? 0 : gikev2_crypto_failed();
}

int gikev2_open(struct gikev2_crypto *crypto, const struct gikev2_encr *encr,
		const struct gikev2_integ *integ, const uint8_t *sk_e,
		const uint8_t *sk_a, uint8_t *message, size_t aad_len,
		size_t message_len, size_t *text_len)
{
	size_t icv_len = gikev2_icv_len(encr, integ);
	size_t around = encr->iv_len + icv_len;
	struct layout layout;
	int ret;

	if (icv_len == 0)
		return -GIKEV2_ERR_CRYPTO;
	/* Too short for an ICV: nobody vouches for it. */
	if (message_len > INT_MAX || aad_len > message_len ||
	    message_len - aad_len < around)
		return -GIKEV2_ERR_BAD_ICV;
	layout_set(&layout, encr, integ, message, aad_len,
		   message_len - aad_len - around);

	if (encr->icv_len)
		ret = open_aead(crypto, encr, sk_e, &layout);
	else
		ret = open_cbc(crypto, encr, integ, sk_e, sk_a, &layout);
	if (ret)
		return ret;
	/* At least the pad length octet (RFC 7296 section 3.14). */
	if (layout.text_len == 0)
		return -GIKEV2_ERR_BAD_SYNTAX;
	*text_len = (size_t)layout.text_len;
	return 0;
}

/* ------------------------------------------------------ key wrap, RFC 5649 */

/*
 * OpenSSL has a cipher for this, but its one runs on the table driven AES in
 * C: seven times slower than the AES instructions that ECB gets, and with
 * timing that depends on the key.
 */

static const uint8_t kwp_head[4] = { 0xa6, 0x59, 0x59, 0xa6 };

static bool kwp_start(struct gikev2_crypto *crypto,
		      const struct gikev2_kwa *kwa, const uint8_t *kwk,
		      bool encrypt)
{
	EVP_CIPHER_CTX *ctx = crypto->cipher_ctx;

	return EVP_CipherInit_ex2(ctx, gikev2_kwa_cipher(crypto, kwa), kwk,
				  NULL, encrypt, NULL) &&
	       EVP_CIPHER_CTX_set_padding(ctx, 0);
}

static bool kwp_block(EVP_CIPHER_CTX *ctx, uint8_t *block)
{
	int len;

	return EVP_CipherUpdate(ctx, block, &len, block, BLOCK) && len == BLOCK;
}

static void put_be32(uint8_t *out, uint32_t value)
{
	out[0] = (uint8_t)(value >> 24);
	out[1] = (uint8_t)(value >> 16);
	out[2] = (uint8_t)(value >> 8);
	out[3] = (uint8_t)value;
}

static uint32_t get_be32(const uint8_t *in)
{
	return (uint32_t)in[0] << 24 | (uint32_t)in[1] << 16 |
	       (uint32_t)in[2] << 8 | in[3];
}

/* The step counter is folded into A, the first half of the block. */
static void kwp_count(uint8_t *block, uint32_t t)
{
	for (int i = 7; t; i--, t >>= 8)
		block[i] ^= (uint8_t)t;
}

/* RFC 3394 section 2.2.1 over A | R[1] ... R[n] in `octets`, in place. */
static bool kwp_encrypt(EVP_CIPHER_CTX *ctx, uint8_t *octets, size_t n)
{
	uint8_t block[BLOCK];
	uint32_t t = 0;
	bool ok = true;

	memcpy(block, octets, HALF);
	for (int j = 0; ok && j < 6; j++) {
		for (size_t i = 1; ok && i <= n; i++) {
			memcpy(block + HALF, octets + i * HALF, HALF);
			ok = kwp_block(ctx, block);
			kwp_count(block, ++t);
			memcpy(octets + i * HALF, block + HALF, HALF);
		}
	}
	memcpy(octets, block, HALF);
	OPENSSL_cleanse(block, sizeof(block));
	return ok;
}

/* RFC 3394 section 2.2.2, the same backwards. */
static bool kwp_decrypt(EVP_CIPHER_CTX *ctx, uint8_t *octets, size_t n)
{
	uint8_t block[BLOCK];
	uint32_t t = (uint32_t)(6 * n);
	bool ok = true;

	memcpy(block, octets, HALF);
	for (int j = 0; ok && j < 6; j++) {
		for (size_t i = n; ok && i >= 1; i--) {
			memcpy(block + HALF, octets + i * HALF, HALF);
			kwp_count(block, t--);
			ok = kwp_block(ctx, block);
			memcpy(octets + i * HALF, block + HALF, HALF);
		}
	}
	memcpy(octets, block, HALF);
	OPENSSL_cleanse(block, sizeof(block));
	return ok;
}
