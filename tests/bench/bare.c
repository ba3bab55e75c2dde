// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What OpenSSL alone needs.
 */
#include <time.h>

#include <openssl/evp.h>

#include "bare.h"

uint64_t cpu_nanoseconds(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return ts.tv_sec * UINT64_C(1000000000) + ts.tv_nsec;
}

struct bare {
	EVP_MAC *mac;
	EVP_MAC_CTX *mac_ctx;
	EVP_CIPHER *gcm, *wrap;
	EVP_CIPHER_CTX *cipher_ctx;
	EVP_PKEY_CTX *keygen_ctx;
	uint8_t octets[1024];
};

static void bare_hmac(struct bare *b, size_t len)
{
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string("digest", (char *)"SHA256", 0),
		OSSL_PARAM_construct_end(),
	};
	uint8_t key[32] = { 1 };
	size_t out;

	EVP_MAC_init(b->mac_ctx, key, sizeof(key), params);
	EVP_MAC_update(b->mac_ctx, b->octets, len);
	EVP_MAC_final(b->mac_ctx, b->octets, &out, sizeof(b->octets));
}

static void bare_gcm(struct bare *b, size_t len)
{
	uint8_t key[32] = { 1 }, iv[12] = { 2 };
	int out;

	EVP_EncryptInit_ex2(b->cipher_ctx, b->gcm, key, iv, NULL);
	EVP_EncryptUpdate(b->cipher_ctx, NULL, &out, b->octets, 32);
	EVP_EncryptUpdate(b->cipher_ctx, b->octets, &out, b->octets, len);
	EVP_EncryptFinal_ex(b->cipher_ctx, b->octets, &out);
	EVP_CIPHER_CTX_ctrl(b->cipher_ctx, EVP_CTRL_AEAD_GET_TAG, 16,
			    b->octets);
}

static void bare_wrap(struct bare *b)
{
	uint8_t key[32] = { 1 }, out[64];
	int len;

	EVP_CIPHER_CTX_reset(b->cipher_ctx);
	EVP_CIPHER_CTX_set_flags(b->cipher_ctx, EVP_CIPHER_CTX_FLAG_WRAP_ALLOW);
	EVP_EncryptInit_ex2(b->cipher_ctx, b->wrap, key, NULL, NULL);
	EVP_EncryptUpdate(b->cipher_ctx, out, &len, b->octets, 32);
	EVP_CIPHER_CTX_reset(b->cipher_ctx);
}

static void bare_x25519(struct bare *b, const EVP_PKEY *peer)
{
	EVP_PKEY_CTX *ctx;
	EVP_PKEY *key = NULL;
	uint8_t shared[32];
	size_t len = sizeof(shared);

	EVP_PKEY_keygen(b->keygen_ctx, &key);
	ctx = EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL);
	EVP_PKEY_derive_init(ctx);
	EVP_PKEY_derive_set_peer(ctx, (EVP_PKEY *)peer);
	EVP_PKEY_derive(ctx, shared, &len);
	EVP_PKEY_CTX_free(ctx);
	EVP_PKEY_free(key);
}

uint64_t bare_registrations(unsigned int count)
{
	struct bare b = {
		.mac = EVP_MAC_fetch(NULL, "HMAC", NULL),
		.gcm = EVP_CIPHER_fetch(NULL, "AES-256-GCM", NULL),
		.wrap = EVP_CIPHER_fetch(NULL, "AES-256-WRAP-PAD", NULL),
		.cipher_ctx = EVP_CIPHER_CTX_new(),
		.keygen_ctx = EVP_PKEY_CTX_new_from_name(NULL, "X25519", NULL),
	};
	EVP_PKEY *peer = EVP_PKEY_Q_keygen(NULL, NULL, "X25519");
	uint64_t start;

	b.mac_ctx = EVP_MAC_CTX_new(b.mac);
	EVP_PKEY_keygen_init(b.keygen_ctx);
	start = cpu_nanoseconds();
	for (unsigned int i = 0; i < count; i++) {
		bare_x25519(&b, peer);
		bare_hmac(&b, 32); /* SKEYSEED */
		for (int t = 0; t < 6; t++)
			bare_hmac(&b, 32 + 80 + 1);
		for (int side = 0; side < 2; side++) {
			bare_hmac(&b, 20);
			bare_hmac(&b, 17);
			bare_hmac(&b, 200 + 32 + 32);
		}
		bare_hmac(&b, 21);
		bare_gcm(&b, 240);
		bare_gcm(&b, 240);
		bare_wrap(&b);
	}
	start = cpu_nanoseconds() - start;
	EVP_PKEY_free(peer);
	EVP_MAC_CTX_free(b.mac_ctx);
	EVP_MAC_free(b.mac);
	EVP_CIPHER_free(b.gcm);
	EVP_CIPHER_free(b.wrap);
	EVP_CIPHER_CTX_free(b.cipher_ctx);
	EVP_PKEY_CTX_free(b.keygen_ctx);
	return start;
}
