// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a key server's multicast costs with the number of members: one more
 * registration, a roll, the exclusion of a member; against the same OpenSSL
 * operations alone, in the same run.
 *
 * usage: bench_exclusion [MEMBERS]
 *
 * Lines that begin with "figure" are for tests/bench/plot.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <openssl/evp.h>
#include <openssl/rand.h>

#include "gikev2/gikev2_multicast.h"

#define ROUNDS 21
#define MEMBERS_MAX 100000
#define QUEUE_MAX 8
#define START (1000 * GIKEV2_SECOND)

/* ------------------------------------------- what the engine asks OpenSSL for */

/* Counted where the linker leads it through here (--wrap). */
static struct work {
	unsigned int signatures, seals, wraps;
	uint64_t signing; /* nanoseconds */
} work;

static uint64_t nanoseconds(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return ts.tv_sec * UINT64_C(1000000000) + ts.tv_nsec;
}

int __real_gikev2_sign_fixed(const struct gikev2_key *key,
			     const struct gikev2_sign_alg *alg,
			     const struct gikev2_chunk *parts, size_t count,
			     uint8_t *out, size_t len);
int __wrap_gikev2_sign_fixed(const struct gikev2_key *key,
			     const struct gikev2_sign_alg *alg,
			     const struct gikev2_chunk *parts, size_t count,
			     uint8_t *out, size_t len);
int __real_gikev2_seal(struct gikev2_crypto *crypto,
		       const struct gikev2_encr *encr,
		       const struct gikev2_integ *integ, const uint8_t *sk_e,
		       const uint8_t *sk_a, uint8_t *message, size_t aad_len,
		       size_t text_len);
int __wrap_gikev2_seal(struct gikev2_crypto *crypto,
		       const struct gikev2_encr *encr,
		       const struct gikev2_integ *integ, const uint8_t *sk_e,
		       const uint8_t *sk_a, uint8_t *message, size_t aad_len,
		       size_t text_len);
int __real_gikev2_wrap(struct gikev2_crypto *crypto,
		       const struct gikev2_kwa *kwa, const uint8_t *kwk,
		       struct gikev2_chunk plain, uint8_t *out,
		       size_t *out_len);
int __wrap_gikev2_wrap(struct gikev2_crypto *crypto,
		       const struct gikev2_kwa *kwa, const uint8_t *kwk,
		       struct gikev2_chunk plain, uint8_t *out,
		       size_t *out_len);

int __wrap_gikev2_sign_fixed(const struct gikev2_key *key,
			     const struct gikev2_sign_alg *alg,
			     const struct gikev2_chunk *parts, size_t count,
			     uint8_t *out, size_t len)
{
	uint64_t start = nanoseconds();
	int ret = __real_gikev2_sign_fixed(key, alg, parts, count, out, len);

	work.signing += nanoseconds() - start;
	work.signatures++;
	return ret;
}

int __wrap_gikev2_seal(struct gikev2_crypto *crypto,
		       const struct gikev2_encr *encr,
		       const struct gikev2_integ *integ, const uint8_t *sk_e,
		       const uint8_t *sk_a, uint8_t *message, size_t aad_len,
		       size_t text_len)
{
	work.seals++;
	return __real_gikev2_seal(crypto, encr, integ, sk_e, sk_a, message,
				  aad_len, text_len);
}

int __wrap_gikev2_wrap(struct gikev2_crypto *crypto,
		       const struct gikev2_kwa *kwa, const uint8_t *kwk,
		       struct gikev2_chunk plain, uint8_t *out, size_t *out_len)
{
	work.wraps++;
	return __real_gikev2_wrap(crypto, kwa, kwk, plain, out, out_len);
}

/* ----------------------------------------------------------- two ends in memory */

struct end {
	struct gikev2 *engine;
	struct end *other;
	struct { /* what waits for the other end, fragments perhaps */
		uint8_t octets[2048];
		size_t len;
	} queue[QUEUE_MAX];
	size_t first, queued;
	bool registered;
	uint64_t spent; /* nanoseconds inside the engine */
};

static int on_output(void *arg, const struct gikev2_path *path,
		     const uint8_t *octets, size_t len)
{
	struct end *end = arg;
	size_t last;

	/* nobody listens to multicast here */
	if (gikev2_endpoint_multicast(&path->remote))
		return 0;
	if (len > sizeof(end->queue[0].octets) || end->queued == QUEUE_MAX)
		return -1;
	last = (end->first + end->queued++) % QUEUE_MAX;
	memcpy(end->queue[last].octets, octets, len);
	end->queue[last].len = len;
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

static void on_multicast(void *arg, void *cookie,
			 const struct gikev2_endpoint *group,
			 const struct gikev2_endpoint *source, bool join)
{
	(void)arg;
	(void)cookie;
	(void)group;
	(void)source;
	(void)join;
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
	.multicast = on_multicast,
	.event = on_event,
};

static bool deliver(struct end *from, uint64_t now)
{
	static const struct gikev2_path path = {
		.local = { .family = 4, .port = 848, .ip = { 10, 0, 0, 1 } },
		.remote = { .family = 4, .port = 848, .ip = { 10, 0, 0, 2 } },
	};
	struct end *to = from->other;
	uint8_t octets[sizeof(from->queue[0].octets)];
	size_t len = from->queue[from->first].len;
	uint64_t start;

	if (!from->queued)
		return false;
	memcpy(octets, from->queue[from->first].octets, len);
	from->first = (from->first + 1) % QUEUE_MAX;
	from->queued--;
	start = nanoseconds();
	gikev2_input(to->engine, &path, octets, len, now);
	to->spent += nanoseconds() - start;
	return true;
}

static struct gikev2_id id_of(uint8_t type, const char *text)
{
	struct gikev2_id id = { .type = type, .len = strlen(text) };

	memcpy(id.data, text, id.len);
	return id;
}

static struct gikev2_id name_of(uint32_t number)
{
	char name[32];

	snprintf(name, sizeof(name), "r%u.example.net", number);
	return id_of(GIKEV2_ID_FQDN, name);
}

/* -------------------------------------------------------------------- a group */

struct scene {
	struct end server, member;
	struct gikev2_group *group;
	struct gikev2_key *key;
	struct gikev2_member_config config;
	uint32_t members;
	uint64_t now;
};

static void check(bool good, const char *what)
{
	if (good)
		return;
	fprintf(stderr, "bench_exclusion: %s failed\n", what);
	exit(1);
}

/* Registered long ago, without the key exchanges that it took. */
static void add_member(struct scene *s, uint32_t number)
{
	struct gikev2_gm *gm = gikev2_gm_empty(s->group);
	struct gikev2_id id = name_of(number);

	check(gm, "memory");
	gm->id = gikev2_id_dup(&id);
	gm->fragments = true;
	check(gm->id, "memory");
	check(gikev2_lkh_join(s->server.engine, gikev2_group_lkh(s->group),
			      &gm->leaf) == 0,
	      "a leaf of the tree");
	check(gikev2_gm_insert(gm, NULL) == 0, "memory");
}

static void begin(struct scene *s, uint32_t members)
{
	static const uint8_t seed[GIKEV2_ED25519_SEED_LEN] = { 7 };
	struct gikev2_group_config group = {
		.id = id_of(GIKEV2_ID_KEY_ID, "CORE"),
		.protocols = { { 201, KEYTABLE_HMAC_SHA_256, 3600 } },
		.protocol_count = 1,
		.atd = 5,
		.dtd = 15,
		.rekey = { .destination = { .family = 4,
					    .port = 848,
					    .ip = { 239, 192, 1, 1 } },
			   .lifetime = 86400,
			   .copies = 1,
			   .lkh_degree = 2,
			   .members_max = members },
	};
	struct gikev2_params params;

	*s = (struct scene){ .members = members, .now = START };
	check(gikev2_key_from_seed(seed, &s->key) == 0, "a key");
	group.rekey.key = s->key;
	gikev2_params_default(&params);
	memset(params.addke, 0, sizeof(params.addke));
	s->server.engine = gikev2_new(&callbacks, &s->server, &params);
	s->member.engine = gikev2_new(&callbacks, &s->member, &params);
	s->server.other = &s->member;
	s->member.other = &s->server;
	gikev2_set_identity(s->server.engine, &group.id);
	s->group = gikev2_group_add(s->server.engine, s, &group, s->now);
	check(s->group, "the group");
	s->config = (struct gikev2_member_config){
		.group = group.id,
		.servers = { { .family = 4, .port = 848 } },
		.server_count = 1,
		.offers = { { 201, 1 << KEYTABLE_HMAC_SHA_256 } },
		.offer_count = 1,
	};
	for (uint32_t i = 0; i + 1 < members; i++)
		add_member(s, i);
}

static void end(struct scene *s)
{
	gikev2_free(s->server.engine);
	gikev2_free(s->member.engine);
	gikev2_key_free(s->key);
}

/* Long enough for all that is under way to be over. */
static void pass_time(struct scene *s)
{
	s->now += 100 * GIKEV2_SECOND;
	gikev2_expire(s->server.engine, s->now);
	gikev2_expire(s->member.engine, s->now);
	s->member.queued = s->server.queued = 0;
}

/* ------------------------------------------------------------------- what is done */

/* The last member registers; nanoseconds at the server. */
static uint64_t registration(struct scene *s)
{
	struct gikev2_id id = name_of(s->members);
	struct gikev2_member *member;

	gikev2_set_identity(s->member.engine, &id);
	s->server.spent = 0;
	s->member.registered = false;
	member = gikev2_member_add(s->member.engine, s, &s->config, s->now);
	while (deliver(&s->member, s->now) || deliver(&s->server, s->now))
		;
	check(member && s->member.registered, "a registration");
	gikev2_member_free(member);
	s->member.queued = 0;
	return s->server.spent;
}

static uint64_t roll(struct scene *s)
{
	uint64_t start = nanoseconds();

	check(gikev2_group_rekey(s->group, s->now) == 0, "a roll");
	return nanoseconds() - start;
}

/* Somebody out of the middle; he is back for the next round. */
static uint64_t exclusion(struct scene *s, uint32_t number)
{
	struct gikev2_id id = name_of(number);
	uint64_t start = nanoseconds(), spent;

	check(gikev2_group_exclude(s->group, &id, s->now) == 1, "an exclusion");
	spent = nanoseconds() - start;
	add_member(s, number);
	return spent;
}

/* -------------------------------------------------------------------- figures */

static int compare(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static double median(double *values)
{
	qsort(values, ROUNDS, sizeof(values[0]), compare);
	return values[ROUNDS / 2];
}

struct figure {
	double total, beside; /* microseconds: all, without signatures */
	struct work work;     /* in one round */
};

enum what {
	REGISTRATION,
	ROLL,
	EXCLUSION,
	WHATS
};

static struct figure measure(struct scene *s, enum what what)
{
	double total[ROUNDS], beside[ROUNDS];
	struct figure figure = { 0 };

	for (uint32_t i = 0; i < ROUNDS; i++) {
		uint32_t number = (s->members - 1) / ROUNDS * i;
		uint64_t spent;

		work = (struct work){ 0 };
		spent = what == REGISTRATION ? registration(s)
			: what == ROLL	     ? roll(s)
					     : exclusion(s, number);
		total[i] = spent / 1e3;
		beside[i] = (spent - work.signing) / 1e3;
		figure.work = work;
		pass_time(s);
	}
	figure.total = median(total);
	figure.beside = median(beside);
	return figure;
}

/* One signature and so many wraps of 32 octets, without an engine. */
static void alone(const struct work *like, double *signature, double *wraps)
{
	double each[ROUNDS], all[ROUNDS];
	EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
	EVP_MD_CTX *md = EVP_MD_CTX_new();
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	EVP_CIPHER *wrap = EVP_CIPHER_fetch(NULL, "AES-256-WRAP-PAD", NULL);
	uint8_t octets[1500] = { 0 }, kwk[32] = { 1 }, out[128];

	for (int i = 0; i < ROUNDS; i++) {
		size_t len = sizeof(out);
		uint64_t start = nanoseconds();
		int n;

		EVP_DigestSignInit_ex(md, NULL, NULL, NULL, NULL, key, NULL);
		EVP_DigestSign(md, out, &len, octets, sizeof(octets));
		EVP_MD_CTX_reset(md);
		each[i] = (nanoseconds() - start) / 1e3;
		start = nanoseconds();
		for (unsigned int w = 0; w < like->wraps; w++) {
			EVP_CIPHER_CTX_set_flags(
				ctx, EVP_CIPHER_CTX_FLAG_WRAP_ALLOW);
			EVP_EncryptInit_ex2(ctx, wrap, kwk, NULL, NULL);
			EVP_EncryptUpdate(ctx, out, &n, octets, 32);
			EVP_CIPHER_CTX_reset(ctx);
		}
		all[i] = (nanoseconds() - start) / 1e3;
	}
	*signature = median(each);
	*wraps = median(all);
	EVP_CIPHER_free(wrap);
	EVP_CIPHER_CTX_free(ctx);
	EVP_MD_CTX_free(md);
	EVP_PKEY_free(key);
}

static void report(uint32_t members)
{
	static const char *const names[WHATS] = {
		[REGISTRATION] = "registration",
		[ROLL] = "roll",
		[EXCLUSION] = "exclusion",
	};
	struct figure figure[WHATS];
	double signature, wraps;
	struct scene s;

	begin(&s, members);
	for (int i = 0; i < WHATS; i++)
		figure[i] = measure(&s, i);
	end(&s);
	alone(&figure[EXCLUSION].work, &signature, &wraps);
	printf("  %7u %12.1f %9.1f %4u %4u %9.1f %8.1f %4u %4u %5u %8.1f %9.1f %7.1f %8.2f\n",
	       members, figure[REGISTRATION].total, figure[ROLL].total,
	       figure[ROLL].work.signatures, figure[ROLL].work.seals,
	       figure[EXCLUSION].total, figure[EXCLUSION].beside,
	       figure[EXCLUSION].work.signatures, figure[EXCLUSION].work.seals,
	       /* the second message of an exclusion is a roll */
	       figure[EXCLUSION].work.wraps - figure[ROLL].work.wraps,
	       2 * log2(members), signature, wraps,
	       (figure[EXCLUSION].work.signatures * signature + wraps) /
		       figure[EXCLUSION].total);
	for (int i = 0; i < WHATS; i++)
		printf("figure signed-%s %u %.6g\n", names[i], members,
		       figure[i].total / signature);
	fflush(stdout);
}

int main(int argc, char **argv)
{
	uint32_t most = argc > 1 ? strtoul(argv[1], NULL, 10) : MEMBERS_MAX;

	printf("multicast, key server, degree 2, Ed25519, one core, median of %d, microseconds\n"
	       "  an exclusion is two messages: a Rekey SA that he cannot follow to, and a roll;\n"
	       "  each is signed once, and sealed once for each fragment\n",
	       ROUNDS);
	printf("  %7s %12s %9s %4s %4s %9s %8s %4s %4s %5s %8s %9s %7s %8s\n",
	       "members", "registration", "roll", "sign", "seal", "exclusion",
	       "unsigned", "sign", "seal", "wraps", "2 log2 N", "bare sign",
	       "wraps", "bare/ours");
	for (uint32_t members = 10; members <= most; members *= 10)
		report(members);
	return 0;
}
