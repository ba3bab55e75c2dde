// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Key paths, by the example of RFC 9838 appendix A: eight members A to H,
 * leaves 7 to 14, inner keys 3 to 6 above them, 1 and 2 above those.
 */
#include <stdlib.h>

#include "test_util.h"
#include "world.h"

static const uint8_t material[68] = { 0x10, 0x11, 0x12, [67] = 0x53 };

struct scene {
	struct world *world;
	struct gikev2 *engine;
	struct gikev2_wrapper wrapper;
	struct gikev2_attr sa_keys[8], wrap_keys[64];
	struct gikev2_bag bags[2]; /* of the Rekey SA, of the member */
	struct gikev2_pld_kd kd;
	struct gikev2_key_path path;
	uint8_t plain[128];
	size_t len;
};

/* Key `id`, the same for whoever asks. */
static void key_of(uint32_t id, uint8_t key[GIKEV2_KWK_MAX])
{
	memset(key, id, GIKEV2_KWK_MAX);
	key[0] = 0xa0;
}

static struct scene *setup(void)
{
	struct scene *s = calloc(1, sizeof(*s));

	s->world = world_new(1);
	s->engine = world_add(s->world, "r1")->engine;
	s->wrapper.kwa = gikev2_kwa_find(GIKEV2_KW_5649_256);
	memset(s->wrapper.kwk, 0xee, sizeof(s->wrapper.kwk));
	s->bags[0].protocol = GIKEV2_PROTO_GIKE_UPDATE;
	s->bags[0].attrs.items = s->sa_keys;
	s->bags[1].attrs.items = s->wrap_keys;
	s->kd.bags = (struct gikev2_list){ s->bags, 2 };
	return s;
}

static void teardown(struct scene *s)
{
	world_free(s->world);
	free(s);
}

static void add(struct scene *s, struct gikev2_bag *bag, uint16_t type,
		uint32_t id, uint32_t kwk_id, const uint8_t *kwk,
		struct gikev2_chunk plain)
{
	struct gikev2_attr *attrs = bag->attrs.items;
	struct gikev2_attr *attr = &attrs[bag->attrs.count++];
	uint8_t *octets = gikev2_arena_alloc(&s->engine->arena, 128);
	size_t room = 120;

	gikev2_put_int(octets, id, 4);
	gikev2_put_int(octets + 4, kwk_id, 4);
	assert_int_equal(gikev2_wrap(s->engine->crypto, s->wrapper.kwa, kwk,
				     plain, octets + 8, &room),
			 0);
	attr->type = type;
	attr->data = (struct gikev2_chunk){ octets, 8 + room };
}

/* kwk_id{keying material}; 0: under the default KWK. */
static void sa_key(struct scene *s, uint32_t kwk_id)
{
	uint8_t kwk[GIKEV2_KWK_MAX];

	key_of(kwk_id, kwk);
	add(s, &s->bags[0], GIKEV2_SA_KEY, 0, kwk_id,
	    kwk_id ? kwk : s->wrapper.kwk,
	    (struct gikev2_chunk){ material, sizeof(material) });
}

/* kwk_id{id} */
static void wrap_key(struct scene *s, uint32_t kwk_id, uint32_t id)
{
	uint8_t kwk[GIKEV2_KWK_MAX], key[GIKEV2_KWK_MAX];

	key_of(kwk_id, kwk);
	key_of(id, key);
	add(s, &s->bags[1], GIKEV2_WRAP_KEY, id, kwk_id,
	    kwk_id ? kwk : s->wrapper.kwk,
	    (struct gikev2_chunk){ key, sizeof(key) });
}

static void clear(struct scene *s)
{
	s->bags[0].attrs.count = s->bags[1].attrs.count = 0;
	s->engine->arena.used = 0;
}

static int open_it(struct scene *s)
{
	s->len = sizeof(s->plain);
	memset(s->plain, 0, sizeof(s->plain));
	return gikev2_key_path_open(s->engine, &s->wrapper, &s->kd, &s->bags[0],
				    s->plain, &s->len, &s->path);
}

static void assert_opened(struct scene *s)
{
	assert_int_equal(open_it(s), 0);
	assert_int_equal(s->len, sizeof(material));
	assert_memory_equal(s->plain, material, sizeof(material));
}

/* The working path is just these IDs, with their keys. */
static void assert_path(const struct scene *s, const uint32_t *ids,
			size_t count)
{
	uint8_t key[GIKEV2_KWK_MAX];

	assert_int_equal(s->path.count, count);
	for (size_t i = 0; i < count; i++) {
		assert_int_equal(s->path.step[i].id, ids[i]);
		key_of(ids[i], key);
		assert_memory_equal(s->path.step[i].key, key, sizeof(key));
	}
}
#define ASSERT_PATH(s, ...)                                                    \
	assert_path(s, (const uint32_t[]){ __VA_ARGS__ },                      \
		    sizeof((const uint32_t[]){ __VA_ARGS__ }) /                \
			    sizeof(uint32_t))

/* A member registers below inner keys `top` and `middle`, at `leaf`. */
static void registers(struct scene *s, uint32_t top, uint32_t middle,
		      uint32_t leaf)
{
	clear(s);
	memset(&s->path, 0, sizeof(s->path));
	sa_key(s, top);
	wrap_key(s, middle, top);
	wrap_key(s, leaf, middle);
	wrap_key(s, 0, leaf);
	assert_opened(s);
	ASSERT_PATH(s, top, middle, leaf);
	clear(s);
}

/* F is excluded: 15 for 2, 16 for 5, both new. */
static void exclude_f(struct scene *s)
{
	sa_key(s, 1);
	sa_key(s, 15);
	wrap_key(s, 6, 15);
	wrap_key(s, 16, 15);
	wrap_key(s, 11, 16);
}

static void no_tree(void **state)
{
	struct scene *s = setup();

	(void)state;
	sa_key(s, 0);
	assert_opened(s);
	assert_int_equal(s->path.count, 0);
	teardown(s);
}

static void no_membership_change(void **state)
{
	struct scene *s = setup();

	(void)state;
	registers(s, 1, 3, 7);
	sa_key(s, 0);
	assert_opened(s);
	ASSERT_PATH(s, 1, 3, 7);
	teardown(s);
}

static void the_others_stay(void **state)
{
	struct scene *s = setup();

	(void)state;
	registers(s, 1, 3, 7); /* A */
	exclude_f(s);
	assert_opened(s);
	ASSERT_PATH(s, 1, 3, 7);
	registers(s, 2, 6, 13); /* G */
	exclude_f(s);
	assert_opened(s);
	ASSERT_PATH(s, 15, 6, 13);
	registers(s, 2, 5, 11); /* E, beside the one that goes */
	exclude_f(s);
	assert_opened(s);
	ASSERT_PATH(s, 15, 16, 11);
	teardown(s);
}

static void the_excluded_one(void **state)
{
	struct scene *s = setup();

	(void)state;
	registers(s, 2, 5, 12); /* F */
	exclude_f(s);
	assert_int_equal(open_it(s), -GIKEV2_ERR_EXCLUDED);
	/* what it had is what it keeps */
	ASSERT_PATH(s, 2, 5, 12);
	teardown(s);
}

/* One after the other, on the path as it has become. */
static void excluded_again(void **state)
{
	struct scene *s = setup();

	(void)state;
	registers(s, 2, 5, 11);
	exclude_f(s);
	assert_opened(s);
	clear(s);
	/* G goes: 17 for 15, 18 for 6 */
	sa_key(s, 1);
	sa_key(s, 17);
	wrap_key(s, 16, 17);
	wrap_key(s, 18, 17);
	wrap_key(s, 14, 18);
	assert_opened(s);
	ASSERT_PATH(s, 17, 16, 11);
	teardown(s);
}

/* ----------------------------------------------------------- bad and strange */

static void loops(void **state)
{
	struct scene *s = setup();

	(void)state;
	sa_key(s, 20);
	wrap_key(s, 20, 20);
	wrap_key(s, 21, 20);
	wrap_key(s, 20, 21);
	assert_int_equal(open_it(s), -GIKEV2_ERR_EXCLUDED);
	assert_int_equal(s->path.count, 0);
	teardown(s);
}

/* A way that does not open is no way; another one may. */
static void alternatives(void **state)
{
	struct scene *s = setup();
	struct gikev2_attr *attr;

	(void)state;
	sa_key(s, 30);
	sa_key(s, 31);
	wrap_key(s, 0, 31);
	wrap_key(s, 0, 31);
	attr = &s->wrap_keys[0];
	((uint8_t *)attr->data.ptr)[12] ^= 1;
	assert_opened(s);
	ASSERT_PATH(s, 31);
	teardown(s);
}

static void broken_attributes(void **state)
{
	struct scene *s = setup();

	(void)state;
	sa_key(s, 0);
	s->sa_keys[0].data.len = 8;
	assert_int_equal(open_it(s), -GIKEV2_ERR_EXCLUDED);
	clear(s);
	sa_key(s, 0);
	gikev2_put_int((uint8_t *)s->sa_keys[0].data.ptr, 1, 4);
	assert_int_equal(open_it(s), -GIKEV2_ERR_EXCLUDED);
	clear(s);
	sa_key(s, 0);
	((uint8_t *)s->sa_keys[0].data.ptr)[20] ^= 1;
	assert_int_equal(open_it(s), -GIKEV2_ERR_EXCLUDED);
	teardown(s);
}

/* They do not cost more the more SA_KEYs begin with them. */
static void dead_ends(void **state)
{
	struct scene *s = setup();

	(void)state;
	for (int good_first = 1; good_first >= 0; good_first--) {
		clear(s);
		memset(&s->path, 0, sizeof(s->path));
		if (good_first)
			sa_key(s, 50);
		sa_key(s, 40);
		if (!good_first)
			sa_key(s, 50);
		wrap_key(s, 0, 50);
		for (uint32_t i = 0; i < 45; i++)
			wrap_key(s, 41 + i % 3, 40 + i % 3);
		assert_int_equal(open_it(s),
				 good_first ? 0 : -GIKEV2_ERR_EXCLUDED);
	}
	teardown(s);
}

/* Every key of a deep chain, and one more than that. */
static void deep(void **state)
{
	struct scene *s = setup();

	(void)state;
	for (uint32_t depth = 62; depth <= 64; depth++) {
		clear(s);
		memset(&s->path, 0, sizeof(s->path));
		s->bags[1].attrs.items = s->wrap_keys;
		sa_key(s, 100);
		for (uint32_t i = 0; i < depth - 1; i++)
			wrap_key(s, 101 + i, 100 + i);
		wrap_key(s, 0, 100 + depth - 1);
		assert_opened(s);
		assert_int_equal(s->path.count, depth);
	}
	teardown(s);
}

/* There is room for as many as are asked for, up to where it is nonsense. */
static void rooms(void **state)
{
	static const struct {
		unsigned int degree;
		uint32_t members, room, depth;
	} trees[] = {
		{ 2, 1, 2, 1 },
		{ 2, 2, 2, 1 },
		{ 2, 3, 4, 2 },
		{ 4, 17, 64, 3 },
		{ 3, 10, 27, 3 },
		{ 2, 100000, 131072, 17 },
		{ 3, 100000, 177147, 11 },
		{ 4, 100000, 262144, 9 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(trees) / sizeof(trees[0]); i++) {
		struct gikev2_lkh *lkh =
			gikev2_lkh_new(trees[i].degree, trees[i].members);

		assert_non_null(lkh);
		assert_int_equal(gikev2_lkh_room(lkh), trees[i].room);
		assert_int_equal(gikev2_lkh_depth(lkh), trees[i].depth);
		gikev2_lkh_free(lkh);
	}
	assert_null(gikev2_lkh_new(1, 10));
	assert_null(gikev2_lkh_new(5, 10));
}

static int nothing(void *arg, uint8_t *octets, size_t len)
{
	(void)arg;
	(void)octets;
	(void)len;
	return -1;
}

/* Out of randomness: the next attempt finds him where he was. */
static void exclusion_fails(void **state)
{
	struct scene *s = setup();
	struct world_node *node = &s->world->nodes[0];
	int (*random)(void *, uint8_t *, size_t) = node->callbacks.random;
	struct gikev2_lkh *lkh = gikev2_lkh_new(2, 4);
	uint32_t leaf[3];

	(void)state;
	for (int i = 0; i < 3; i++)
		assert_int_equal(gikev2_lkh_join(s->engine, lkh, &leaf[i]), 0);
	node->callbacks.random = nothing;
	assert_true(gikev2_lkh_exclude(s->engine, lkh, leaf[1]) < 0);
	node->callbacks.random = random;
	assert_int_equal(gikev2_lkh_members(lkh), 3);
	assert_int_equal(gikev2_lkh_exclude(s->engine, lkh, leaf[1]), 0);
	assert_int_equal(gikev2_lkh_members(lkh), 2);
	gikev2_lkh_free(lkh);
	teardown(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rooms),
		cmocka_unit_test(exclusion_fails),
		cmocka_unit_test(no_tree),
		cmocka_unit_test(no_membership_change),
		cmocka_unit_test(the_others_stay),
		cmocka_unit_test(the_excluded_one),
		cmocka_unit_test(excluded_again),
		cmocka_unit_test(loops),
		cmocka_unit_test(alternatives),
		cmocka_unit_test(broken_attributes),
		cmocka_unit_test(dead_ends),
		cmocka_unit_test(deep),
	};

	return cmocka_run_group_tests_name("key_path", tests, NULL, NULL);
}
