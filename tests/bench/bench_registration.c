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

#include <openssl/rand.h>

#include "bare.h"
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
	start = cpu_nanoseconds();
	gikev2_input(to->engine, &path, octets, len, now);
	to->spent += cpu_nanoseconds() - start;
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

static int compare(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

int main(int argc, char **argv)
{
	unsigned int members = argc > 1 ? strtoul(argv[1], NULL, 10) : 2000;
	double ratio[ROUNDS], each[ROUNDS], alone[ROUNDS];

	if (!members)
		members = 1;
	registrations(members / 10 + 1); /* warm up */
	for (int i = 0; i < ROUNDS; i++) {
		uint64_t ours = registrations(members);
		uint64_t bare = bare_registrations(members);

		ratio[i] = (double)bare / ours;
		each[i] = ours / 1e3 / members;
		alone[i] = bare / 1e3 / members;
	}
	qsort(ratio, ROUNDS, sizeof(ratio[0]), compare);
	qsort(each, ROUNDS, sizeof(each[0]), compare);
	qsort(alone, ROUNDS, sizeof(alone[0]), compare);
	printf("registration, key server, PSK and X25519, one core, %u members, %d rounds\n",
	       members, ROUNDS);
	printf("  %-44s %8.1f us\n", "one registration (median)",
	       each[ROUNDS / 2]);
	printf("  %-44s %8.0f\n", "registrations a second",
	       1e6 / each[ROUNDS / 2]);
	printf("  %-44s %8.1f us\n",
	       "bare OpenSSL primitives, one registration", alone[ROUNDS / 2]);
	printf("  %-44s %8.2f (min %.2f, max %.2f)\n",
	       "bare OpenSSL primitives / ours", ratio[ROUNDS / 2], ratio[0],
	       ratio[ROUNDS - 1]);
	return 0;
}
