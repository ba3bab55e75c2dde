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
	FUZZ_CHECK(totals.half_open <= node->engine->params.half_open_max);
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
