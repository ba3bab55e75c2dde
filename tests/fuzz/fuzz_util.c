// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the fuzzers share.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz_util.h"

void fuzz_failed(const char *what, const char *file, int line)
{
	fprintf(stderr, "%s:%d: this does not hold: %s\n", file, line, what);
	abort();
}

/* ------------------------------------------------------------------- input */

uint8_t fuzz_u8(struct fuzz_input *input)
{
	if (!input->left)
		return 0;
	input->left--;
	return *input->ptr++;
}

uint16_t fuzz_u16(struct fuzz_input *input)
{
	uint16_t high = fuzz_u8(input);

	return high << 8 | fuzz_u8(input);
}

struct gikev2_chunk fuzz_take(struct fuzz_input *input, size_t len)
{
	struct gikev2_chunk chunk = { input->ptr,
				      len < input->left ? len : input->left };

	input->ptr += chunk.len;
	input->left -= chunk.len;
	return chunk;
}

/* ----------------------------------------------------------- putting it right */

bool fuzz_walk(struct fuzz_walk *walk)
{
	size_t len;

	walk->type = walk->next;
	walk->at += walk->len;
	if (!walk->type || walk->end - walk->at < GIKEV2_PAYLOAD_HEADER_LEN)
		return false;
	walk->next = walk->at[0];
	len = gikev2_get_int(walk->at + 2, 2);
	if (len < GIKEV2_PAYLOAD_HEADER_LEN ||
	    len > (size_t)(walk->end - walk->at))
		return false;
	walk->at += GIKEV2_PAYLOAD_HEADER_LEN;
	walk->len = len - GIKEV2_PAYLOAD_HEADER_LEN;
	return true;
}

/* The octets of an attribute, wrapped where they stand. */
static void wrap_in_place(struct gikev2 *engine, uint8_t *octets, size_t len,
			  const struct gikev2_kwa *kwa, const uint8_t *kwk)
{
	uint8_t plain[GIKEV2_MESSAGE_MAX];
	size_t short_of = octets[len - 1] % 8, room = len;

	if (len < 16 || len % 8 || len - 8 <= short_of)
		return;
	memcpy(plain, octets, len);
	gikev2_wrap(engine->crypto, kwa, kwk,
		    (struct gikev2_chunk){ plain, len - 8 - short_of }, octets,
		    &room);
}

static void wrap_bag(struct gikev2 *engine, uint8_t *at, const uint8_t *end,
		     const struct gikev2_kwa *kwa, const uint8_t *kwk)
{
	while (end - at >= 4) {
		bool tv = at[0] & 0x80;
		size_t len = tv ? 0 : gikev2_get_int(at + 2, 2);

		if (len > (size_t)(end - at) - 4)
			return;
		if (!tv && at[1] == GIKEV2_SA_KEY &&
		    len > GIKEV2_WRAPPED_HEADER_LEN)
			wrap_in_place(engine,
				      at + 4 + GIKEV2_WRAPPED_HEADER_LEN,
				      len - GIKEV2_WRAPPED_HEADER_LEN, kwa,
				      kwk);
		at += 4 + len;
	}
}

void fuzz_right_keys(struct gikev2 *engine, uint8_t first, uint8_t *text,
		     size_t text_len, const struct gikev2_kwa *kwa,
		     const uint8_t *kwk)
{
	struct fuzz_walk at = { text, text + text_len, 0, first, 0 };

	while (fuzz_walk(&at)) {
		uint8_t *bag = at.at, *end = at.at + at.len;

		while (at.type == GIKEV2_PLD_KD && end - bag >= 4) {
			size_t len = gikev2_get_int(bag + 2, 2);
			size_t head = 4 + (bag[0] ? bag[1] : 0);

			if (len < head || len > (size_t)(end - bag))
				break;
			wrap_bag(engine, bag + head, bag + len, kwa, kwk);
			bag += len;
		}
	}
}

/* --------------------------------------------------------------- genuine keys */

/* Every key that the server ever made, by value. */
#define MADE_MAX 1024

static struct keytable_row made[MADE_MAX];
static size_t made_count;

static bool same_key(const struct keytable_row *a, const struct keytable_row *b)
{
	return a->protocol == b->protocol && a->id == b->id &&
	       a->algorithm == b->algorithm && a->key_len == b->key_len &&
	       memcmp(a->key, b->key, a->key_len) == 0;
}

static bool was_made(const struct keytable_row *row)
{
	/* the youngest are asked for most */
	for (size_t i = made_count; i-- > 0;)
		if (same_key(&made[i], row))
			return true;
	return false;
}

static void note_made(struct world_node *ks)
{
	struct gikev2_group_status status;

	if (!ks->group)
		return;
	gikev2_group_get_status(ks->group, ks->world->now, &status);
	for (size_t i = 0; i < status.row_count; i++)
		if (!was_made(&status.rows[i]) && made_count < MADE_MAX)
			made[made_count++] = status.rows[i];
}

/* --------------------------------------------------------------------- checks */

static void check_rows(const struct world_node *node, bool forged)
{
	uint64_t now = node->world->now;
	size_t senders = 0, acceptors = 0;

	FUZZ_CHECK(node->row_count <= KEYTABLE_ROWS_MAX);
	for (size_t i = 0; i < node->row_count; i++) {
		const struct keytable_row *row = &node->rows[i];

		FUZZ_CHECK(keytable_row_valid(row));
		FUZZ_CHECK(forged || made_count == MADE_MAX || was_made(row));
		for (size_t j = 0; j < i; j++)
			FUZZ_CHECK(node->rows[j].id != row->id);
		senders += keytable_row_can_send(row, now);
		acceptors += keytable_row_can_accept(row, now);
	}
	FUZZ_CHECK(senders <= 1);
	FUZZ_CHECK(forged || senders == (acceptors > 0));
}

static void check_member(const struct world_node *node, bool forged)
{
	struct gikev2_member_status status;

	if (!node->member)
		return;
	gikev2_member_get_status(node->member, &status);
	/* what the owner was told is what there is */
	FUZZ_CHECK(status.row_count == node->row_count);
	for (size_t i = 0; i < status.row_count; i++)
		FUZZ_CHECK(same_key(&status.rows[i], &node->rows[i]));
	check_rows(node, forged);
}

static void check_bounds(const struct world_node *node)
{
	struct gikev2_totals totals;
	size_t ikes = 0;

	if (!node->engine)
		return;
	gikev2_get_totals(node->engine, &totals);
	FUZZ_CHECK(totals.half_open - node->engine->half_open_kept <=
		   node->engine->params.half_open_max);
	FUZZ_CHECK(totals.half_open <= totals.ike_sas);
	for (struct gikev2_ike *ike = node->engine->ikes; ike; ike = ike->next)
		ikes++;
	FUZZ_CHECK(ikes == totals.ike_sas);
	FUZZ_CHECK(!node->engine->dead);
}

void fuzz_check(struct fuzz_scene *scene)
{
	struct world *world = scene->world;

	note_made(scene->ks);
	for (size_t i = 0; i < world->node_count; i++) {
		check_bounds(&world->nodes[i]);
		check_member(&world->nodes[i], scene->forged);
	}
}

/* ---------------------------------------------------------------------- scenes */

static void make_rekey(struct fuzz_scene *scene, enum fuzz_rekey rekey)
{
	static const uint8_t seed[GIKEV2_ED25519_SEED_LEN] = { 7 };

	if (rekey == FUZZ_INBAND)
		return;
	if (rekey == FUZZ_SIGNED)
		FUZZ_CHECK(gikev2_key_from_seed(seed, &scene->key) == 0);
	scene->ks->group_config.rekey = (struct gikev2_rekey_config){
		.destination = { .family = 4,
				 .port = GIKEV2_PORT,
				 .ip = { 239, 192, 1, 1 } },
		.lifetime = 86400,
		.copies = 2,
		.key = scene->key,
	};
}

void fuzz_serve(struct fuzz_scene *scene)
{
	world_serve(scene->ks, KEYTABLE_HMAC_SHA_256, 3600, 5, 15);
}

struct fuzz_scene fuzz_scene_new(uint64_t seed, enum fuzz_rekey rekey,
				 size_t members)
{
	static const char *const names[] = { "r1", "r2", "r3" };
	struct fuzz_scene scene = { .world = world_new(seed) };

	FUZZ_CHECK(members <= sizeof(names) / sizeof(names[0]));
	made_count = 0;
	scene.ks = world_add(scene.world, "ks");
	for (size_t i = 0; i < members; i++)
		world_acquaint(scene.ks, world_add(scene.world, names[i]),
			       "secret", "secret");
	scene.r1 = &scene.world->nodes[1];
	make_rekey(&scene, rekey);
	fuzz_serve(&scene);
	note_made(scene.ks);
	return scene;
}

void fuzz_scene_free(struct fuzz_scene *scene)
{
	world_free(scene->world);
	gikev2_key_free(scene->key);
}
