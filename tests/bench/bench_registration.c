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
#include "gikev2/gikev2_cert.h"
#include "tests/unit/pki.h"

#define ROUNDS 5
/* Of as many certificates members are made in turn. */
#define CERTS 50

/* ------------------------------------------------------- two ends in memory */

struct end {
	struct gikev2 *engine;
	struct end *other;
	uint8_t octets[4096];
	size_t len; /* a datagram waits for the other end */
	bool registered;
	const struct gikev2_credential *credential; /* NULL: pre-shared keys */
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

/* ----------------------------------------------------------- by certificate */

/* A CA, the key server, and routers. */
static struct {
	struct gikev2_anchors *anchors;
	const struct pki_cert *ca, *server, *router[CERTS];
	struct gikev2_credential *of_server, *of_router[CERTS];
} pki;

static void need(bool done, const char *what)
{
	if (done)
		return;
	fprintf(stderr, "bench_registration: %s\n", what);
	exit(1);
}

static struct gikev2_credential *credential_of(const struct pki_cert *cert)
{
	struct gikev2_credential *credential = NULL;
	char problem[GIKEV2_PROBLEM_MAX];
	struct gikev2_key *key = NULL;

	need(gikev2_key_new(cert->key, true, &key) == 0 &&
		     gikev2_credential_new(key, &cert->der, 1, &credential,
					   problem, sizeof(problem)) == 0,
	     "no credential");
	gikev2_key_free(key);
	return credential;
}

static void router_name(unsigned int number, char *name, size_t size)
{
	snprintf(name, size, "r%u.example.net", number);
}

static void make_pki(void)
{
	char name[32];

	pki.ca = pki_ca(NULL, "O=Example,CN=CA");
	pki.anchors = gikev2_anchors_new();
	need(pki.anchors && gikev2_anchors_add(pki.anchors, GIKEV2_TRUST_ANCHOR,
					       pki.ca->der) == 0,
	     "no trust anchor");
	pki.server = pki_router(pki.ca, "ks.example.net");
	pki.of_server = credential_of(pki.server);
	for (unsigned int i = 0; i < CERTS; i++) {
		router_name(i, name, sizeof(name));
		pki.router[i] = pki_router(pki.ca, name);
		pki.of_router[i] = credential_of(pki.router[i]);
	}
}

static void free_pki(void)
{
	for (unsigned int i = 0; i < CERTS; i++)
		gikev2_credential_free(pki.of_router[i]);
	gikev2_credential_free(pki.of_server);
	gikev2_anchors_free(pki.anchors);
	pki_clear();
}

static void on_auth_policy(void *arg, enum gikev2_role role, void *cookie,
			   const struct gikev2_id *peer,
			   struct gikev2_auth_policy *policy)
{
	const struct end *end = arg;

	(void)role;
	(void)cookie;
	(void)peer;
	policy->own = policy->peer = end->credential ? GIKEV2_BY_CERTIFICATE
						     : GIKEV2_BY_PSK;
	policy->credentials = &end->credential;
	policy->credential_count = end->credential != NULL;
	policy->anchors = pki.anchors;
	policy->wall_clock = PKI_NOW;
}

/* ---------------------------------------------------------------- callbacks */

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
	.auth_policy = on_auth_policy,
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

/*
 * One member after the other registers; all stay registered.  By certificate they
 * come again with each other's, in the place of their own registration.
 */
static uint64_t registrations(unsigned int members, bool certified)
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
	struct gikev2_id ks = id_of(GIKEV2_ID_FQDN, "ks.example.net");
	struct end server = { 0 }, member = { 0 };
	struct gikev2_params params;
	uint64_t now = 1000 * GIKEV2_SECOND;

	gikev2_params_default(&params);
	/* what it is compared with has one key exchange */
	memset(params.addke, 0, sizeof(params.addke));
	/* there is room for one datagram on the way */
	params.fragment_size = 0;
	server.engine = gikev2_new(&callbacks, &server, &params);
	member.engine = gikev2_new(&callbacks, &member, &params);
	server.other = &member;
	member.other = &server;
	server.credential = certified ? pki.of_server : NULL;
	gikev2_set_identity(server.engine, &ks);
	if (!gikev2_group_add(server.engine, &server, &group, now))
		exit(1);
	for (unsigned int i = 0; i < members; i++) {
		struct gikev2_id id;
		char name[32];

		router_name(certified ? i % CERTS : i, name, sizeof(name));
		member.credential = certified ? pki.of_router[i % CERTS] : NULL;
		id = id_of(GIKEV2_ID_FQDN, name);
		gikev2_set_identity(member.engine, &id);
		/* one name has its turn every two seconds */
		now += certified ? GIKEV2_SECOND / 10 : 0;
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

static void measure(const char *how, unsigned int members, bool certified)
{
	double ratio[ROUNDS], each[ROUNDS], alone[ROUNDS];

	registrations(members / 10 + 1, certified); /* warm up */
	for (int i = 0; i < ROUNDS; i++) {
		uint64_t ours = registrations(members, certified);
		uint64_t bare = bare_registrations(members);

		if (certified)
			bare += bare_proofs(members, pki.server, pki.ca);
		ratio[i] = (double)bare / ours;
		each[i] = ours / 1e3 / members;
		alone[i] = bare / 1e3 / members;
	}
	qsort(ratio, ROUNDS, sizeof(ratio[0]), compare);
	qsort(each, ROUNDS, sizeof(each[0]), compare);
	qsort(alone, ROUNDS, sizeof(alone[0]), compare);
	printf("registration, key server, %s and X25519, one core, %u members, %d rounds\n",
	       how, members, ROUNDS);
	printf("  %-44s %8.1f us\n", "one registration (median)",
	       each[ROUNDS / 2]);
	printf("  %-44s %8.0f\n", "registrations a second",
	       1e6 / each[ROUNDS / 2]);
	printf("  %-44s %8.1f us\n",
	       "bare OpenSSL primitives, one registration", alone[ROUNDS / 2]);
	printf("  %-44s %8.2f (min %.2f, max %.2f)\n",
	       "bare OpenSSL primitives / ours", ratio[ROUNDS / 2], ratio[0],
	       ratio[ROUNDS - 1]);
}

int main(int argc, char **argv)
{
	unsigned int members = argc > 1 ? strtoul(argv[1], NULL, 10) : 2000;

	if (!members)
		members = 1;
	measure("PSK", members, false);
	make_pki();
	measure("certificates (Ed25519)", members, true);
	free_pki();
	return 0;
}
