// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * AES key wrap with padding: RFC 5649, on the steps of RFC 3394.
 *
 * OpenSSL's own cipher for this runs on its table driven AES: over four times
 * slower than the AES instructions that plain ECB gets, and with a timing
 * that depends on the key.  Hence the steps here, on single blocks.
 */
#include <string.h>

#include <openssl/crypto.h>

#include "gikev2/gikev2_crypto_private.h"

#define BLOCK 16 /* of AES */
#define HALF 8	 /* the unit of key wrap */

/* Far above any key, and keeps the step counter within 32 bits. */
#define PLAIN_MAX 65535

static const uint8_t head[4] = { 0xa6, 0x59, 0x59, 0xa6 };

static bool start(struct gikev2_crypto *crypto, const struct gikev2_kwa *kwa,
		  const uint8_t *kwk, bool encrypt)
{
	EVP_CIPHER_CTX *ctx = crypto->cipher_ctx;

	return EVP_CipherInit_ex2(ctx, gikev2_kwa_cipher(crypto, kwa), kwk,
				  NULL, encrypt, NULL) &&
	       EVP_CIPHER_CTX_set_padding(ctx, 0);
}

static bool one_block(EVP_CIPHER_CTX *ctx, uint8_t *block)
{
	int len;

	return EVP_CipherUpdate(ctx, block, &len, block, BLOCK) && len == BLOCK;
}

/* A = A ^ t, A being the first half of the block. */
static void count_step(uint8_t *block, uint32_t t)
{
	for (size_t i = HALF - 1; t; i--, t >>= 8)
		block[i] ^= (uint8_t)t;
}

/* RFC 3394 section 2.2.1 in place; `octets` is A | R[1] | ... | R[n]. */
static bool encrypt_steps(EVP_CIPHER_CTX *ctx, uint8_t *octets, size_t n)
{
	uint8_t block[BLOCK];
	uint32_t t = 0;
	bool ok = true;

	memcpy(block, octets, HALF);
	for (int j = 0; j < 6; j++) {
		for (size_t i = 1; ok && i <= n; i++) {
			memcpy(block + HALF, octets + i * HALF, HALF);
			ok = one_block(ctx, block);
			count_step(block, ++t);
			memcpy(octets + i * HALF, block + HALF, HALF);
		}
	}
	memcpy(octets, block, HALF);
	OPENSSL_cleanse(block, sizeof(block));
	return ok;
}

/* RFC 3394 section 2.2.2: the same backwards. */
static bool decrypt_steps(EVP_CIPHER_CTX *ctx, uint8_t *octets, size_t n)
{
	uint8_t block[BLOCK];
	uint32_t t = (uint32_t)(6 * n);
	bool ok = true;

	memcpy(block, octets, HALF);
	for (int j = 0; j < 6; j++) {
		for (size_t i = n; ok && i >= 1; i--) {
			memcpy(block + HALF, octets + i * HALF, HALF);
			count_step(block, t--);
			ok = one_block(ctx, block);
			memcpy(octets + i * HALF, block + HALF, HALF);
		}
	}
	memcpy(octets, block, HALF);
	OPENSSL_cleanse(block, sizeof(block));
	return ok;
}

/* AIV (RFC 5649 section 3): the head, then the plaintext's length. */
static void put_aiv(uint8_t *aiv, size_t len)
{
	memcpy(aiv, head, sizeof(head));
	aiv[4] = 0;
	aiv[5] = 0;
	aiv[6] = (uint8_t)(len >> 8);
	aiv[7] = (uint8_t)len;
}

/*
 * Checks AIV and padding of n halves of plaintext behind it; 0: wrong.
 * What exactly is wrong does not show in the time it takes.
 */
static size_t check_aiv(const uint8_t *octets, size_t n)
{
	size_t len = (size_t)octets[6] << 8 | octets[7];
	size_t pad = n * HALF - len; /* huge when len is too long */
	uint8_t wrong = octets[4] | octets[5] | (pad >= HALF);
	const uint8_t *last = octets + n * HALF;

	for (size_t i = 0; i < sizeof(head); i++)
		wrong |= octets[i] ^ head[i];
	for (size_t i = 1; i < HALF; i++)
		wrong |= i + pad >= HALF ? last[i] : 0;
	return wrong ? 0 : len;
}

int gikev2_wrap(struct gikev2_crypto *crypto, const struct gikev2_kwa *kwa,
		const uint8_t *kwk, struct gikev2_chunk plain, uint8_t *out,
		size_t *out_len)
{
	EVP_CIPHER_CTX *ctx = crypto->cipher_ctx;
	size_t n = (plain.len + HALF - 1) / HALF;
	bool ok;

	if (plain.len == 0 || plain.len > PLAIN_MAX ||
	    *out_len < (n + 1) * HALF)
		return -GIKEV2_ERR_LIMIT;
	put_aiv(out, plain.len);
	memset(out + n * HALF, 0, HALF);
	memcpy(out + HALF, plain.ptr, plain.len);

	ok = start(crypto, kwa, kwk, true) &&
	     (n == 1 ? one_block(ctx, out) : encrypt_steps(ctx, out, n));
	EVP_CIPHER_CTX_reset(ctx);
	if (!ok) {
		OPENSSL_cleanse(out, (n + 1) * HALF);
		return gikev2_crypto_failed();
	}
	*out_len = (n + 1) * HALF;
	return 0;
}

/* Works in `out`, which is wiped past the result, or wholly on failure. */
int gikev2_unwrap(struct gikev2_crypto *crypto, const struct gikev2_kwa *kwa,
		  const uint8_t *kwk, struct gikev2_chunk wrapped, uint8_t *out,
		  size_t *out_len)
{
	EVP_CIPHER_CTX *ctx = crypto->cipher_ctx;
	size_t n = wrapped.len / HALF - 1;
	size_t len;
	bool ok;

	if (wrapped.len % HALF || wrapped.len < BLOCK ||
	    wrapped.len > HALF + PLAIN_MAX + 1)
		return -GIKEV2_ERR_BAD_KEY_WRAP;
	memcpy(out, wrapped.ptr, wrapped.len);

	ok = start(crypto, kwa, kwk, false) &&
	     (n == 1 ? one_block(ctx, out) : decrypt_steps(ctx, out, n));
	EVP_CIPHER_CTX_reset(ctx);
	len = ok ? check_aiv(out, n) : 0;
	if (len)
		memmove(out, out + HALF, len);
	OPENSSL_cleanse(out + len, wrapped.len - len);
	if (!ok)
		return gikev2_crypto_failed();
	if (!len)
		return -GIKEV2_ERR_BAD_KEY_WRAP;
	*out_len = len;
	return 0;
}
