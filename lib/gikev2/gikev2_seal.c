// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Sealed messages: RFC 7296 section 3.14, RFC 5282, RFC 7634.
 *
 * One cipher context serves all ciphers and SAs.  It is reset after each use,
 * which wipes the key schedule and costs 0.1 to 0.2 us.
 */
#include <limits.h>
#include <string.h>

#include "gikev2/gikev2_crypto_private.h"

#define NONCE_MAX 16 /* salt and IV */

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
