// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Transcripts of whole conversations, published in tests/vectors: the engine
 * still speaks as they say.  With randomness and time that follow from a seed,
 * the same conversation is held and written down, and the text compared.
 *
 *   test_vectors --write FOLDER
 *
 * writes them anew, after a change of what is sent; tests/vectors/verify.py
 * then has to find them right.
 */
#include <stdlib.h>

#include "test_util.h"
#include "world.h"

#define SECOND GIKEV2_SECOND
#define DRAWS_MAX 64
#define HEX_LINE 32

struct draw {
	const struct world_node *node;
	uint8_t octets[32];
};

/* What is being written down: all between the key server and one member. */
struct transcript {
	FILE *out;
	struct world *world;
	struct world_node *ks, *gm;
	uint64_t begin;
	unsigned int messages;
	bool keyed;
	/* draws as long as an X25519 private value */
	struct draw draws[DRAWS_MAX];
	size_t draw_count;
	/* keys that were handed out, by their IDs */
	struct keytable_row rows[256];
};

/* --------------------------------------------------------------------- writing */

static void put_hex(FILE *out, const char *name, const uint8_t *octets,
		    size_t len)
{
	fprintf(out, "%s =%s", name, len && len <= HEX_LINE ? " " : "");
	for (size_t i = 0; i < len; i++) {
		if (len > HEX_LINE && i % HEX_LINE == 0)
			fprintf(out, "\n\t");
		fprintf(out, "%02x", octets[i]);
	}
	fprintf(out, "\n");
}

static void put_id(FILE *out, const char *name, const struct gikev2_id *id)
{
	uint8_t body[4 + GIKEV2_ID_MAX] = { id->type };

	memcpy(body + 4, id->data, id->len);
	put_hex(out, name, body, 4 + id->len);
}

static const char *exchange_name(uint8_t exchange)
{
	switch (exchange) {
	case GIKEV2_IKE_SA_INIT:
		return "IKE_SA_INIT";
	case GIKEV2_GSA_AUTH:
		return "GSA_AUTH";
	case GIKEV2_GSA_REKEY:
		return "GSA_REKEY";
	case GIKEV2_GSA_INBAND_REKEY:
		return "GSA_INBAND_REKEY";
	case GIKEV2_GSA_REGISTRATION:
		return "GSA_REGISTRATION";
	case GIKEV2_INFORMATIONAL:
		return "INFORMATIONAL";
	case GIKEV2_CREATE_CHILD_SA:
		return "CREATE_CHILD_SA";
	default:
		return "?";
	}
}

/* ------------------------------------------------------------------------ keys */

/* The private value that has this public value, among what the node drew. */
static void put_private(struct transcript *t, const struct world_node *node,
			const char *name, struct gikev2_chunk public)
{
	for (size_t i = 0; i < t->draw_count; i++) {
		struct test_random draw = { t->draws[i].octets, 32, 0 };
		uint8_t own[GIKEV2_KE_PUBLIC_MAX];
		struct gikev2_ke *ke;

		if (t->draws[i].node != node)
			continue;
		assert_int_equal(
			gikev2_ke_new(node->engine->crypto,
				      gikev2_ke_find(GIKEV2_KE_CURVE25519),
				      test_random, &draw, &ke),
			0);
		assert_int_equal(gikev2_ke_public(ke, own), 0);
		gikev2_ke_free(ke);
		if (public.len == 32 && memcmp(own, public.ptr, 32) == 0) {
			put_hex(t->out, name, t->draws[i].octets, 32);
			return;
		}
	}
	fail_msg("nobody drew %s", name);
}

static void put_own_private(struct transcript *t, const struct gikev2_ike *ike)
{
	uint8_t public[GIKEV2_KE_PUBLIC_MAX];

	fprintf(t->out,
		"\n# X25519 private values, before clamping: of the GM, "
		"and of the GCKS further down.\n");
	assert_int_equal(gikev2_ke_public(ike->setup->ke, public), 0);
	put_private(t, t->gm, "private-i", (struct gikev2_chunk){ public, 32 });
}

/* prf(Ni | Nr, g^ir), which the engine does not keep. */
static void put_seed(struct transcript *t, const struct gikev2_ike *ike)
{
	const struct gikev2_setup *setup = ike->setup;
	uint8_t shared[32], nonces[64], seed[32];
	struct gikev2_chunk key = { nonces, 64 }, secret = { shared, 32 };

	assert_int_equal(gikev2_ke_derive(setup->ke,
					  gikev2_chunk(&setup->peer_ke),
					  shared),
			 0);
	put_hex(t->out, "shared-secret", shared, 32);
	memcpy(nonces, setup->ni.ptr, 32);
	memcpy(nonces + 32, setup->nr.ptr, 32);
	assert_int_equal(gikev2_prf(ike->engine->crypto, ike->suite.prf, key,
				    &secret, 1, seed),
			 0);
	put_hex(t->out, "skeyseed", seed, 32);
}

static void put_keys(struct transcript *t, const struct gikev2_ike *ike)
{
	const struct gikev2_suite *suite = &ike->suite;
	size_t prf = suite->prf->len;
	size_t e = suite->encr->key_len + suite->encr->salt_len;
	uint8_t kwk[GIKEV2_KWK_MAX];

	fprintf(t->out, "\n# ---- keys of the IKE SA: %s, %s, %s, %s\n",
		suite->encr->name, suite->prf->name, suite->ke->name,
		suite->kwa->name);
	put_private(t, t->ks, "private-r", gikev2_chunk(&ike->setup->peer_ke));
	put_seed(t, ike);
	put_hex(t->out, "sk-d", ike->sk_d, prf);
	put_hex(t->out, "sk-ei", ike->sk_ei, e);
	put_hex(t->out, "sk-er", ike->sk_er, e);
	put_hex(t->out, "sk-pi", ike->setup->sk_pi, prf);
	put_hex(t->out, "sk-pr", ike->setup->sk_pr, prf);
	assert_int_equal(gikev2_kwk(ike, kwk), 0);
	put_hex(t->out, "gsk-w", kwk, suite->kwa->key_len);
	t->keyed = true;
}

static void put_rekey_sa(struct transcript *t, const struct gikev2_kek *kek)
{
	fprintf(t->out, "\n# ---- keys of the Rekey SA\n");
	put_hex(t->out, "rekey-spi", kek->spi, sizeof(kek->spi));
	put_hex(t->out, "rekey-gsk-e", kek->gsk_e,
		kek->encr->key_len + kek->encr->salt_len);
	put_hex(t->out, "rekey-gsk-w", kek->gsk_w, kek->kwa->key_len);
}

/* -------------------------------------------------------------------- messages */

static struct gikev2_ike *sa_of(const struct world_node *node,
				const uint8_t *header)
{
	for (struct gikev2_ike *ike = node->engine->ikes; ike; ike = ike->next)
		if (memcmp(ike->spi_i, header, 8) == 0 &&
		    memcmp(ike->spi_r, header + 8, 8) == 0)
			return ike;
	return NULL;
}

static void put_inner(struct transcript *t,
		      const struct world_datagram *datagram,
		      const struct gikev2_encr *encr, const uint8_t *sk_e)
{
	struct world_datagram copy = *datagram;
	char name[32];
	size_t len;

	assert_int_equal(gikev2_open(t->ks->engine->crypto, encr, NULL, sk_e,
				     NULL, copy.octets, 32, copy.len, &len),
			 0);
	assert_int_equal(copy.octets[32 + encr->iv_len + len - 1], 0);
	snprintf(name, sizeof(name), "inner-%u", t->messages);
	put_hex(t->out, name, copy.octets + 32 + encr->iv_len, len - 1);
}

static void put_message(struct transcript *t,
			const struct world_datagram *datagram, bool from_gm)
{
	uint64_t after = t->world->now - t->begin;
	bool response = datagram->octets[19] & GIKEV2_FLAG_R;
	char name[32];

	t->messages++;
	fprintf(t->out, "\n# ---- message %u, second %u.%03u: %s %s, %s\n",
		t->messages, (unsigned int)(after / SECOND),
		(unsigned int)(after % SECOND / 1000),
		exchange_name(datagram->octets[18]),
		response ? "response" : "request",
		from_gm ? "GM to GCKS" : "GCKS to GM");
	snprintf(name, sizeof(name), "message-%u", t->messages);
	put_hex(t->out, name, datagram->octets, datagram->len);
}

static bool write_down(struct world *world, struct world_datagram *datagram)
{
	struct transcript *t = world->user;
	bool from_gm = memcmp(datagram->path.local.ip, t->gm->address.ip, 4) ==
		       0;
	const uint8_t *octets = datagram->octets;
	struct world_node *from = from_gm ? t->gm : t->ks;
	struct gikev2_ike *ike;

	if (!from_gm && datagram->to != t->gm)
		return true;
	ike = sa_of(from, octets);
	if (!t->messages)
		put_own_private(t, ike);
	if (octets[18] == GIKEV2_GSA_AUTH && !t->keyed)
		put_keys(t, ike);
	put_message(t, datagram, from_gm);
	if (octets[18] == GIKEV2_GSA_REKEY) {
		struct gikev2_kek *kek = gikev2_group_kek(t->ks->group);

		put_inner(t, datagram, kek->encr, kek->gsk_e);
	} else if (octets[18] != GIKEV2_IKE_SA_INIT) {
		put_inner(t, datagram, ike->suite.encr,
			  octets[19] & GIKEV2_FLAG_I ? ike->sk_ei : ike->sk_er);
	}
	return true;
}

static void note_draw(struct world_node *node, const uint8_t *octets,
		      size_t len)
{
	struct transcript *t = node->world->user;

	if (len != 32)
		return;
	assert_true(t->draw_count < DRAWS_MAX);
	t->draws[t->draw_count].node = node;
	memcpy(t->draws[t->draw_count++].octets, octets, len);
}

/* -------------------------------------------------------------------- the world */

static void note_rows(struct world *world)
{
	struct transcript *t = world->user;

	for (size_t i = 0; i < t->gm->row_count; i++)
		t->rows[t->gm->rows[i].id] = t->gm->rows[i];
}

static void put_inputs(struct transcript *t)
{
	fprintf(t->out,
		"\n# ---- inputs\n#\n"
		"# The pre-shared key of both directions; identities as "
		"in the payload body.\n");
	put_hex(t->out, "psk", (const uint8_t *)t->gm->psk, strlen(t->gm->psk));
	put_id(t->out, "id-i", &t->gm->identity);
	put_id(t->out, "id-r", &t->ks->identity);
	put_id(t->out, "id-g", &t->ks->group_config.id);
	fprintf(t->out,
		"\n# Addresses of GM and GCKS, and the port of both.\n");
	put_hex(t->out, "address-i", t->gm->address.ip, 4);
	put_hex(t->out, "address-r", t->ks->address.ip, 4);
	put_hex(t->out, "port",
		(const uint8_t[]){ GIKEV2_PORT >> 8, GIKEV2_PORT & 0xff }, 2);
}

static void put_outputs(struct transcript *t)
{
	char name[32];

	fprintf(t->out, "\n# ---- keys that the GM got, by Key ID\n");
	for (size_t i = 0; i < 256; i++) {
		if (!t->rows[i].key_len)
			continue;
		snprintf(name, sizeof(name), "key-%zu", i);
		put_hex(t->out, name, t->rows[i].key, t->rows[i].key_len);
	}
}

/* A server that has been there for a while, and routers that it knows. */
static void set_up(struct transcript *t, uint64_t seed, const char *title)
{
	static const char *const names[] = { "r1.example.net",
					     "r2.example.net" };
	struct world *world = world_new(seed);

	/* a server with a NAT-T port says what it sees of addresses */
	world->params.nat_port = 4500;
	t->world = world;
	world->user = t;
	world->drawn = note_draw;
	t->ks = world_add(world, "ks.example.net");
	for (size_t i = 0; i < 2; i++)
		world_acquaint(t->ks, world_add(world, names[i]),
			       "mrkm-psk-for-test-vectors",
			       "mrkm-psk-for-test-vectors");
	t->gm = &world->nodes[1];
	fprintf(t->out,
		"# SPDX-License-Identifier: GPL-2.0-or-later\n#\n# %s\n"
		"# README.rst tells how to read this file.\n",
		title);
}

static void serve(struct transcript *t)
{
	world_serve(t->ks, KEYTABLE_HMAC_SHA_256, 3600, 5, 15);
	/* the delays of a server that has just started are over */
	world_run(t->world, 100 * SECOND);
	t->begin = t->world->now;
	t->draw_count = 0;
	put_inputs(t);
}

/* From here on everything is written down. */
static void listen_and_join(struct transcript *t)
{
	t->world->wire = write_down;
	t->world->invariant = note_rows;
	world_join(t->gm, t->ks, WORLD_ALL_ALGORITHMS);
	world_run(t->world, SECOND);
	assert_int_equal(world_state(t->gm), GIKEV2_GM_KEY_TABLE);
}

static void roll(struct transcript *t)
{
	assert_int_equal(gikev2_group_rekey(t->ks->group, t->world->now), 0);
}

/* ------------------------------------------------------------------ conversations */

static void inband(struct transcript *t)
{
	set_up(t, 1,
	       "OSPFv2 keys, wire profile 1: a registration, a roll by "
	       "GSA_INBAND_REKEY, leaving.");
	serve(t);
	listen_and_join(t);
	world_run(t->world, 9 * SECOND);
	roll(t);
	world_run(t->world, 15 * SECOND);
	gikev2_member_del(t->gm->member, t->world->now);
	t->gm->member = NULL;
	world_run(t->world, SECOND);
}

static void during_roll(struct transcript *t)
{
	set_up(t, 2,
	       "OSPFv2 keys, wire profile 1: a registration in the middle of a "
	       "roll.");
	serve(t);
	world_join(&t->world->nodes[2], t->ks, WORLD_ALL_ALGORITHMS);
	world_run(t->world, 10 * SECOND);
	roll(t);
	world_run(t->world, 2 * SECOND);
	t->begin = t->world->now;
	listen_and_join(t);
}

static void multicast(struct transcript *t)
{
	static const uint8_t seed[GIKEV2_ED25519_SEED_LEN] = {
		0x40, 0x41, 0x42, 0x43, 0x44, 0x45, 0x46, 0x47,
		0x48, 0x49, 0x4a, 0x4b, 0x4c, 0x4d, 0x4e, 0x4f,
		0x50, 0x51, 0x52, 0x53, 0x54, 0x55, 0x56, 0x57,
		0x58, 0x59, 0x5a, 0x5b, 0x5c, 0x5d, 0x5e, 0x5f,
	};
	struct gikev2_key *key = NULL;

	set_up(t, 3,
	       "OSPFv2 keys, wire profile 1: a registration, a roll by "
	       "GSA_REKEY, signed.");
	assert_int_equal(gikev2_key_from_seed(seed, &key), 0);
	t->ks->group_config.rekey = (struct gikev2_rekey_config){
		.destination = { .family = 4,
				 .port = GIKEV2_PORT,
				 .ip = { 239, 192, 1, 1 } },
		.source = t->ks->address,
		.lifetime = 86400,
		.copies = 1,
		.key = key,
	};
	serve(t);
	fprintf(t->out, "\n# Ed25519 private key that signs GSA_REKEY.\n");
	put_hex(t->out, "signing-key", seed, sizeof(seed));
	listen_and_join(t);
	put_rekey_sa(t, gikev2_group_kek(t->ks->group));
	world_run(t->world, 9 * SECOND);
	roll(t);
	world_run(t->world, 15 * SECOND);
	/* the group goes before the key that it signs with */
	gikev2_group_free(t->ks->group);
	t->ks->group = NULL;
	gikev2_key_free(key);
}

static const struct conversation {
	const char *file;
	void (*hold)(struct transcript *t);
} conversations[] = {
	{ "ospfv2-inband.txt", inband },
	{ "ospfv2-during-roll.txt", during_roll },
	{ "ospfv2-multicast.txt", multicast },
};
#define CONVERSATIONS (sizeof(conversations) / sizeof(conversations[0]))

/* The text of a conversation, to be freed. */
static char *hold(const struct conversation *conversation)
{
	struct transcript *t = calloc(1, sizeof(*t));
	char *text = NULL;
	size_t size;

	assert_non_null(t);
	t->out = open_memstream(&text, &size);
	assert_non_null(t->out);
	conversation->hold(t);
	put_outputs(t);
	fclose(t->out);
	world_free(t->world);
	free(t);
	return text;
}

/* ----------------------------------------------------------------- read and write */

static char *read_file(const char *path)
{
	char *text = NULL;
	size_t size, len;
	FILE *in = fopen(path, "r"), *out;
	char part[4096];

	if (!in)
		fail_msg("cannot read %s: set top_srcdir to the source folder",
			 path);
	out = open_memstream(&text, &size);
	assert_non_null(out);
	while ((len = fread(part, 1, sizeof(part), in)) > 0)
		fwrite(part, 1, len, out);
	fclose(out);
	fclose(in);
	return text;
}

static size_t line_of_difference(const char *a, const char *b)
{
	size_t line = 1;

	for (; *a && *a == *b; a++, b++)
		line += *a == '\n';
	return *a == *b ? 0 : line;
}

static void as_published(void **state)
{
	const struct conversation *conversation = *state;
	const char *top = getenv("top_srcdir");
	char path[512];
	char *published, *now;
	size_t line;

	snprintf(path, sizeof(path), "%s/tests/vectors/%s", top ? top : ".",
		 conversation->file);
	published = read_file(path);
	now = hold(conversation);
	line = line_of_difference(published, now);
	free(published);
	free(now);
	if (line)
		fail_msg("%s:%zu: the engine says something else now; if that "
			 "is meant: make vectors",
			 path, line);
}

static int write_all(const char *folder)
{
	for (size_t i = 0; i < CONVERSATIONS; i++) {
		char path[512];
		char *text = hold(&conversations[i]);
		FILE *out;

		snprintf(path, sizeof(path), "%s/%s", folder,
			 conversations[i].file);
		out = fopen(path, "w");
		if (!out || fputs(text, out) < 0 || fclose(out)) {
			perror(path);
			return 1;
		}
		free(text);
	}
	return 0;
}

int main(int argc, char **argv)
{
	struct CMUnitTest tests[CONVERSATIONS];

	if (argc == 3 && strcmp(argv[1], "--write") == 0)
		return write_all(argv[2]);
	for (size_t i = 0; i < CONVERSATIONS; i++)
		tests[i] = (struct CMUnitTest){
			.name = conversations[i].file,
			.test_func = as_published,
			.initial_state = (void *)&conversations[i],
		};
	return cmocka_run_group_tests_name("vectors", tests, NULL, NULL);
}
