// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A key server's generations: how IDs and keys are drawn, and when which
 * generation is over.
 */
#include "gikev2/gikev2_generation.h"
#include "test_bare.h"

#define SECOND GIKEV2_SECOND
#define NOW (5000 * SECOND)

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
			       "abcdefghijklmnopqrstuvwxyz0123456789-_";

static struct gikev2_group_config config_of(uint16_t algorithm)
{
	return (struct gikev2_group_config){
		.protocols = { { 201, algorithm, 3600 } },
		.protocol_count = 1,
		.atd = 5,
		.dtd = 15,
	};
}

struct fixture {
	struct bare *bare;
	struct gikev2_generations generations;
	struct gikev2_group_config config;
};

static struct fixture fixture_new(void)
{
	return (struct fixture){ .bare = bare_new(),
				 .config = config_of(KEYTABLE_HMAC_SHA_256) };
}

static void fixture_free(struct fixture *f)
{
	gikev2_generations_wipe(&f->generations);
	bare_free(f->bare);
}

static int add(struct fixture *f, uint64_t now)
{
	struct gikev2_plan plan;

	gikev2_plan_first(&f->config, &plan);
	return gikev2_generation_add(f->bare->engine, &f->generations, &plan,
				     5 * SECOND, 15 * SECOND, now);
}

static const struct keytable_row *newest(struct fixture *f)
{
	return &gikev2_youngest(&f->generations)->row[0];
}

/* ---------------------------------------------------------------------- IDs */

/* Round robin: each ID once before any comes again, wherever it begins. */
static void ids_go_round(void **state)
{
	struct fixture f = fixture_new();
	uint64_t now = NOW;
	uint32_t last = 0;

	(void)state;
	for (int lap = 0; lap < 3; lap++) {
		bool seen[256] = { false };

		for (int i = 0; i < 255; i++, now += 100 * SECOND) {
			gikev2_generations_expire(&f.generations, now);
			assert_int_equal(add(&f, now), 0);
			assert_in_range(newest(&f)->id, 1, 255);
			assert_false(seen[newest(&f)->id]);
			seen[newest(&f)->id] = true;
			if (last)
				assert_int_equal(newest(&f)->id,
						 last % 255 + 1);
			last = newest(&f)->id;
		}
	}
	fixture_free(&f);
}

/* What is alive keeps its ID to itself. */
static void ids_alive_are_not_used(void **state)
{
	struct fixture f = fixture_new();
	uint32_t first;

	(void)state;
	assert_int_equal(add(&f, NOW), 0);
	first = newest(&f)->id;
	/* as if the next one were the one in use */
	f.generations.last_id[0] = first == 1 ? 255 : first - 1;
	assert_int_equal(add(&f, NOW + SECOND), 0);
	assert_int_equal(newest(&f)->id, first % 255 + 1);
	fixture_free(&f);
}

/* Where it begins is drawn: two servers hardly begin at the same ID. */
static void first_id_is_drawn(void **state)
{
	bool seen[256] = { false };
	unsigned int different = 0;

	(void)state;
	for (int i = 0; i < 100; i++) {
		struct fixture f = fixture_new();

		f.bare->draws = test_sequence((uint8_t)(i * 7), 4);
		assert_int_equal(add(&f, NOW), 0);
		assert_in_range(newest(&f)->id, 1, 255);
		different += !seen[newest(&f)->id];
		seen[newest(&f)->id] = true;
		fixture_free(&f);
	}
	assert_true(different > 50);
}

/* --------------------------------------------------------------------- keys */

static void keys_are_key_strings(void **state)
{
	bool seen[256] = { false };
	unsigned int different = 0;

	(void)state;
	for (uint16_t algo = 1; algo <= KEYTABLE_AUTH_ALGO_MAX; algo++) {
		struct fixture f = fixture_new();
		uint64_t now = NOW;

		f.config = config_of(algo);
		for (int i = 0; i < 50; i++, now += 100 * SECOND) {
			gikev2_generations_expire(&f.generations, now);
			assert_int_equal(add(&f, now), 0);
			assert_int_equal(newest(&f)->algorithm, algo);
			assert_true(keytable_row_valid(newest(&f)));
			for (size_t j = 0; j < newest(&f)->key_len; j++) {
				assert_non_null(
					strchr(alphabet, newest(&f)->key[j]));
				seen[newest(&f)->key[j]] = true;
			}
		}
		fixture_free(&f);
	}
	for (size_t i = 0; i < 256; i++)
		different += seen[i];
	assert_int_equal(different, 64);
}

/* Each of the 256 octets that may be drawn counts once in four: no bias. */
static void keys_are_uniform(void **state)
{
	struct fixture f = fixture_new();
	unsigned int count[256] = { 0 };

	(void)state;
	f.config = config_of(KEYTABLE_HMAC_SHA_512);
	for (unsigned int first = 0; first < 256; first += 64) {
		gikev2_generations_wipe(&f.generations);
		/* an ID is drawn before the key */
		f.bare->draws = test_sequence((uint8_t)(first - 4), 68);
		f.bare->drawn = 0;
		assert_int_equal(add(&f, NOW), 0);
		for (size_t j = 0; j < 64; j++)
			count[newest(&f)->key[j]]++;
	}
	for (const char *c = alphabet; *c; c++)
		assert_int_equal(count[(uint8_t)*c], 4);
	fixture_free(&f);
}

static void keys_differ(void **state)
{
	struct fixture f = fixture_new();

	(void)state;
	assert_int_equal(add(&f, NOW), 0);
	assert_int_equal(add(&f, NOW + SECOND), 0);
	assert_memory_not_equal(f.generations.gen[0].row[0].key,
				f.generations.gen[1].row[0].key, 32);
	fixture_free(&f);
}

/* ------------------------------------------------------------------- windows */

static void first_windows(void **state)
{
	struct fixture f = fixture_new();
	const struct gikev2_generation *gen;

	(void)state;
	assert_null(gikev2_youngest(&f.generations));
	assert_int_equal(add(&f, NOW), 0);
	gen = gikev2_youngest(&f.generations);
	assert_int_equal(gen->number, 1);
	assert_int_equal(gen->created, NOW);
	assert_int_equal(gen->atd_end, NOW + 5 * SECOND);
	assert_int_equal(gen->dtd_end, NOW + 15 * SECOND);
	assert_int_equal(gen->row[0].accept_start, NOW);
	assert_int_equal(gen->row[0].accept_end, NOW + 3600 * SECOND);
	assert_int_equal(gen->row[0].send_start, NOW + 5 * SECOND);
	assert_int_equal(gen->row[0].send_end, NOW + 3600 * SECOND);
	fixture_free(&f);
}

/* Until when the n-th row of all is used. */
static struct keytable_row used(struct fixture *f, size_t n)
{
	struct keytable_row rows[KEYTABLE_ROWS_MAX];

	assert_true(n < gikev2_generations_rows(&f->generations, rows));
	return rows[n];
}

static void predecessor_retires(void **state)
{
	struct fixture f = fixture_new();
	uint64_t roll = NOW + 1000 * SECOND;

	(void)state;
	assert_int_equal(add(&f, NOW), 0);
	assert_int_equal(used(&f, 0).send_end, NOW + 3600 * SECOND);
	assert_int_equal(add(&f, roll), 0);
	assert_int_equal(gikev2_youngest(&f.generations)->number, 2);
	assert_int_equal(used(&f, 0).send_end, roll + 5 * SECOND);
	assert_int_equal(used(&f, 0).accept_end, roll + 15 * SECOND);
	assert_int_equal(used(&f, 1).send_start, roll + 5 * SECOND);
	assert_int_equal(used(&f, 1).accept_end, roll + 3600 * SECOND);
	/* GSA_KEY_LIFETIME is what is left of a key's life, not DTD */
	assert_int_equal(f.generations.gen[0].row[0].accept_end,
			 NOW + 3600 * SECOND);
	fixture_free(&f);
}

/* What ends before the roll's delays are over ends then, and not later. */
static void retirement_lengthens_nothing(void **state)
{
	struct fixture f = fixture_new();

	(void)state;
	assert_int_equal(add(&f, NOW), 0);
	assert_int_equal(add(&f, NOW + 3598 * SECOND), 0);
	assert_int_equal(used(&f, 0).send_end, NOW + 3600 * SECOND);
	assert_int_equal(used(&f, 0).accept_end, NOW + 3600 * SECOND);
	fixture_free(&f);
}

static void expiry(void **state)
{
	struct fixture f = fixture_new();

	(void)state;
	assert_int_equal(gikev2_generations_next(&f.generations), GIKEV2_NEVER);
	assert_int_equal(add(&f, NOW), 0);
	/* the youngest stays, whatever happens */
	assert_int_equal(gikev2_generations_next(&f.generations), GIKEV2_NEVER);
	gikev2_generations_expire(&f.generations, NOW + 100000 * SECOND);
	assert_int_equal(f.generations.count, 1);
	assert_int_equal(add(&f, NOW + 10 * SECOND), 0);
	assert_int_equal(add(&f, NOW + 20 * SECOND), 0);
	assert_int_equal(gikev2_generations_next(&f.generations),
			 NOW + 25 * SECOND);
	gikev2_generations_expire(&f.generations, NOW + 25 * SECOND - 1);
	assert_int_equal(f.generations.count, 3);
	gikev2_generations_expire(&f.generations, NOW + 25 * SECOND);
	assert_int_equal(f.generations.count, 2);
	assert_int_equal(f.generations.gen[0].number, 2);
	assert_int_equal(gikev2_generations_next(&f.generations),
			 NOW + 35 * SECOND);
	gikev2_generations_expire(&f.generations, NOW + 35 * SECOND);
	assert_int_equal(f.generations.count, 1);
	assert_int_equal(f.generations.gen[0].number, 3);
	fixture_free(&f);
}

/* A second roll that is over before the first one ends what is before it. */
static void overtaking(void **state)
{
	struct fixture f = fixture_new();
	struct gikev2_plan plan;

	(void)state;
	gikev2_plan_first(&f.config, &plan);
	assert_int_equal(add(&f, NOW), 0);
	assert_int_equal(gikev2_generation_add(f.bare->engine, &f.generations,
					       &plan, 60 * SECOND, 90 * SECOND,
					       NOW + SECOND),
			 0);
	assert_int_equal(add(&f, NOW + 2 * SECOND), 0);
	assert_int_equal(gikev2_generations_next(&f.generations),
			 NOW + 17 * SECOND);
	for (size_t i = 0; i < 2; i++) {
		assert_true(used(&f, i).send_end <= NOW + 7 * SECOND);
		assert_int_equal(used(&f, i).accept_end, NOW + 17 * SECOND);
	}
	gikev2_generations_expire(&f.generations, NOW + 17 * SECOND);
	assert_int_equal(f.generations.count, 1);
	assert_int_equal(f.generations.gen[0].number, 3);
	fixture_free(&f);
}

static void nothing_left_behind(void **state)
{
	static const uint8_t zero[sizeof(struct gikev2_generation)];
	struct fixture f = fixture_new();

	(void)state;
	assert_int_equal(add(&f, NOW), 0);
	assert_int_equal(add(&f, NOW + SECOND), 0);
	gikev2_generations_expire(&f.generations, NOW + 16 * SECOND);
	assert_int_equal(f.generations.count, 1);
	assert_memory_equal(&f.generations.gen[1], zero, sizeof(zero));
	gikev2_generations_wipe(&f.generations);
	assert_memory_equal(&f.generations.gen[0], zero, sizeof(zero));
	fixture_free(&f);
}

/* -------------------------------------------------------------------- failure */

static void busy(void **state)
{
	struct fixture f = fixture_new();
	struct gikev2_generations before;

	(void)state;
	for (int i = 0; i < GIKEV2_GENERATIONS_MAX; i++)
		assert_int_equal(add(&f, NOW + i), 0);
	before = f.generations;
	assert_int_equal(add(&f, NOW + SECOND), -GIKEV2_ERR_BUSY);
	assert_memory_equal(&before, &f.generations, sizeof(before));
	gikev2_generations_wipe(&before);
	fixture_free(&f);
}

/* Without randomness there is no key, and what was there is untouched. */
static void no_randomness(void **state)
{
	struct fixture f = fixture_new();
	struct gikev2_generation before;

	(void)state;
	f.bare->exhausted = true;
	assert_int_equal(add(&f, NOW), -GIKEV2_ERR_NO_RANDOM);
	assert_int_equal(f.generations.count, 0);
	/* where the IDs begin is still to be drawn */
	assert_int_equal(f.generations.last_id[0], 0);
	f.bare->exhausted = false;
	assert_int_equal(add(&f, NOW), 0);
	before = f.generations.gen[0];
	f.bare->exhausted = true;
	assert_int_equal(add(&f, NOW + SECOND), -GIKEV2_ERR_NO_RANDOM);
	assert_int_equal(f.generations.count, 1);
	assert_memory_equal(&before, &f.generations.gen[0], sizeof(before));
	fixture_free(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ids_go_round),
		cmocka_unit_test(ids_alive_are_not_used),
		cmocka_unit_test(first_id_is_drawn),
		cmocka_unit_test(keys_are_key_strings),
		cmocka_unit_test(keys_are_uniform),
		cmocka_unit_test(keys_differ),
		cmocka_unit_test(first_windows),
		cmocka_unit_test(predecessor_retires),
		cmocka_unit_test(retirement_lengthens_nothing),
		cmocka_unit_test(expiry),
		cmocka_unit_test(overtaking),
		cmocka_unit_test(nothing_left_behind),
		cmocka_unit_test(busy),
		cmocka_unit_test(no_randomness),
	};

	return cmocka_run_group_tests_name("generation", tests, NULL, NULL);
}
