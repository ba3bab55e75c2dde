// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Registrations a second on one core at the key server, against what the
 * same OpenSSL primitives cost alone in the same run.
 *
 * usage: bench_registration [MEMBERS]
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <openssl/evp.h>
#include <openssl/rand.h>

#include "gikev2/gikev2.h"

#define ROUNDS 5

/* ------------------------------------------------------- two ends in memory */

struct end {
	struct gikev2 *engine;
	struct end *other;
	uint8_t octets[4096];
	size_t len; /* a datagram waits for the other end */
	bool registered;
	uint64_t spent; /* nanoseconds inside the engine */
	uint64_t calls;
};

static uint64_t nanoseconds(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return ts.tv_sec * UINT64_C(1000000000) + ts.tv_nsec;
}

static int on_output(void *arg, const struct gikev2_path *path,
		     const uint8_t *octets, size_t len)
{
	struct end *end = arg;

	(void)path;
	if (len > sizeof(end->octets))
		return -1;
	memcpy(end->octets, octets, len);
	end->len = len;
	return 0;
}

static int on_random(void *arg, uint8_t *octets, size_t len)
{
	(void)arg;
	return RAND_priv_bytes(octets, len) == 1 ? 0 : -1;
}

static int on_psk(void *arg, enum gikev2_role role, void *cookie,
		  const struct gikev2_id *peer, struct gikev2_secret *secret)
{
	(void)arg;
	(void)role;
	(void)cookie;
	(void)peer;
	secret->len = 32;
	memset(secret->octets, 'k', secret->len);
	return 0;
}

static int on_authorize(void *arg, void *cookie, const struct gikev2_id *peer)
{
	(void)arg;
	(void)cookie;
	(void)peer;
	return 0;
}

static void on_keys(void *arg, void *cookie, const struct keytable_row *rows,
		    size_t count)
{
	(void)arg;
	(void)cookie;
	(void)rows;
	(void)count;
}

static void on_event(void *arg, const struct gikev2_event *event)
{
	struct end *end = arg;

	if (event->type == GIKEV2_EVENT_REGISTERED)
		end->registered = true;
}

static const struct gikev2_callbacks callbacks = {
	.output = on_output,
	.random = on_random,
	.psk = on_psk,
	.authorize = on_authorize,
	.keys = on_keys,
	.event = on_event,
};

static bool deliver(struct end *from, uint64_t now)
{
	static const struct gikev2_path path = {
		.local = { .family = 4, .port = 848, .ip = { 10, 0, 0, 1 } },
		.remote = { .family = 4, .port = 848, .ip = { 10, 0, 0, 2 } },
	};
	struct end *to = from->other;
	uint8_t octets[sizeof(from->octets)];
	size_t len = from->len;
	uint64_t start;

	if (!len)
		return false;
	memcpy(octets, from->octets, len);
	from->len = 0;
	start = nanoseconds();
	gikev2_input(to->engine, &path, octets, len, now);
	to->spent += nanoseconds() - start;
	to->calls++;
	return true;
}

static struct gikev2_id id_of(uint8_t type, const char *text)
{
	struct gikev2_id id = { .type = type, .len = strlen(text) };

	memcpy(id.data, text, id.len);
	return id;
}

/* One member after the other registers; all stay registered. */
static uint64_t registrations(unsigned int members)
{
	struct gikev2_group_config group = {
		.id = id_of(GIKEV2_ID_KEY_ID, "CORE"),
		.protocols = { { 201, KEYTABLE_HMAC_SHA_256, 3600 } },
		.protocol_count = 1,
		.atd = 5,
		.dtd = 15,
	};
	struct gikev2_member_config config = {
		.group = group.id,
		.servers = { { .family = 4, .port = 848 } },
		.server_count = 1,
		.offers = { { 201, 1 << KEYTABLE_HMAC_SHA_256 } },
		.offer_count = 1,
	};
	struct end server = { 0 }, member = { 0 };
	struct gikev2_params params;
	uint64_t now = 1000 * GIKEV2_SECOND;

	gikev2_params_default(&params);
	/* what it is compared with has one key exchange */
	memset(params.addke, 0, sizeof(params.addke));
	server.engine = gikev2_new(&callbacks, &server, &params);
	member.engine = gikev2_new(&callbacks, &member, &params);
	server.other = &member;
	member.other = &server;
	gikev2_set_identity(server.engine, &group.id);
	if (!gikev2_group_add(server.engine, &server, &group, now))
		exit(1);
	for (unsigned int i = 0; i < members; i++) {
		struct gikev2_id id;
		char name[32];

		snprintf(name, sizeof(name), "r%u.example.net", i);
		id = id_of(GIKEV2_ID_FQDN, name);
		gikev2_set_identity(member.engine, &id);
		member.registered = false;
		gikev2_member_add(member.engine, &member, &config, now);
		while (deliver(&member, now) || deliver(&server, now))
			;
		if (!member.registered) {
			fprintf(stderr, "member %u did not register\n", i);
			exit(1);
		}
	}
	gikev2_free(server.engine);
	gikev2_free(member.engine);
	return server.spent;
}

/* --------------------------------------------------- the same work, alone */

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

/*
 * What a server computes for one registration by pre-shared key: a key pair
 * and a shared secret; SKEYSEED, prf+ for seven keys, two AUTH of three prf
 * each, GSK_w; one message opened, one sealed; one key wrapped.
 */
static uint64_t primitives(unsigned int members)
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
	start = nanoseconds();
	for (unsigned int i = 0; i < members; i++) {
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
	start = nanoseconds() - start;
	EVP_PKEY_free(peer);
	EVP_MAC_CTX_free(b.mac_ctx);
	EVP_MAC_free(b.mac);
	EVP_CIPHER_free(b.gcm);
	EVP_CIPHER_free(b.wrap);
	EVP_CIPHER_CTX_free(b.cipher_ctx);
	EVP_PKEY_CTX_free(b.keygen_ctx);
	return start;
}

static int compare(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

int main(int argc, char **argv)
{
	unsigned int members = argc > 1 ? strtoul(argv[1], NULL, 10) : 2000;
	double ratio[ROUNDS], each[ROUNDS];

	if (!members)
		members = 1;
	registrations(members / 10 + 1); /* warm up */
	for (int i = 0; i < ROUNDS; i++) {
		uint64_t ours = registrations(members);
		uint64_t bare = primitives(members);

		ratio[i] = (double)bare / ours;
		each[i] = ours / 1e3 / members;
	}
	qsort(ratio, ROUNDS, sizeof(ratio[0]), compare);
	qsort(each, ROUNDS, sizeof(each[0]), compare);
	printf("registration, key server, PSK and X25519, one core, %u members, %d rounds\n",
	       members, ROUNDS);
	printf("  %-44s %8.1f us\n", "one registration (median)",
	       each[ROUNDS / 2]);
	printf("  %-44s %8.0f\n", "registrations a second",
	       1e6 / each[ROUNDS / 2]);
	printf("  %-44s %8.2f (min %.2f, max %.2f)\n",
	       "bare OpenSSL primitives / ours", ratio[ROUNDS / 2], ratio[0],
	       ratio[ROUNDS - 1]);
	return 0;
}
