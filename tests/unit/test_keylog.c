// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Key log: who is told of which keys, and how they read.
 */
#include "test_util.h"
#include "world.h"

#include "gikev2/gikev2_keylog.h"

#define SECOND GIKEV2_SECOND
#define LINES_MAX 16

/* Lines of one node's log. */
static struct {
	struct world_node *node;
	char line[LINES_MAX][GIKEV2_KEYLOG_LINE_MAX];
	size_t count;
} logs[2];

static void reset(struct world_node *first, struct world_node *second)
{
	memset(logs, 0, sizeof(logs));
	logs[0].node = first;
	logs[1].node = second;
}

static void keep(void *arg, const struct gikev2_keylog *keys)
{
	size_t i = logs[0].node == arg ? 0 : 1;
	char *line = logs[i].line[logs[i].count];
	int len;

	assert_ptr_equal(logs[i].node, arg);
	assert_in_range(logs[i].count++, 0, LINES_MAX - 1);
	len = gikev2_keylog_line(keys, line, GIKEV2_KEYLOG_LINE_MAX);
	assert_int_equal(len, strlen(line));
}

/* ---------------------------------------------------------------------- lines */

static const struct gikev2_keylog made_up = {
	.spi_i = (const uint8_t *)"\x01\x02\x03\x04\x05\x06\x07\x08",
	.spi_r = (const uint8_t *)"\xf1\xf2\xf3\xf4\xf5\xf6\xf7\xf8",
	.sk_ei = (const uint8_t *)"abcdefghijklmnopqrstuvwxyzABCDEFGHIJ",
	.sk_er = (const uint8_t *)"0123456789012345678901234567890123456",
	.sk_ai = (const uint8_t *)"????????????????????????????????",
	.sk_ar = (const uint8_t *)"@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@",
};

static void aead(void **state)
{
	struct gikev2_keylog keys = made_up;
	char line[GIKEV2_KEYLOG_LINE_MAX];

	(void)state;
	keys.encr = gikev2_encr_find(GIKEV2_ENCR_AES_GCM_16, 128);
	gikev2_keylog_line(&keys, line, sizeof(line));
	/* key and salt, no integrity */
	assert_string_equal(
		line,
		"0102030405060708,f1f2f3f4f5f6f7f8,"
		"6162636465666768696a6b6c6d6e6f7071727374,"
		"3031323334353637383930313233343536373839,"
		"\"AES-GCM-128 with 16 octet ICV [RFC5282]\",,,\"NONE [RFC4306]\"\n");
}

static void classic(void **state)
{
	struct gikev2_keylog keys = made_up;
	char line[GIKEV2_KEYLOG_LINE_MAX];

	(void)state;
	keys.encr = gikev2_encr_find(GIKEV2_ENCR_AES_CBC, 128);
	keys.integ = gikev2_integ_find(GIKEV2_INTEG_HMAC_SHA2_256_128);
	gikev2_keylog_line(&keys, line, sizeof(line));
	assert_string_equal(
		line,
		"0102030405060708,f1f2f3f4f5f6f7f8,"
		"6162636465666768696a6b6c6d6e6f70,"
		"30313233343536373839303132333435,\"AES-CBC-128 [RFC3602]\","
		"3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f,"
		"4040404040404040404040404040404040404040404040404040404040404040,"
		"\"HMAC_SHA2_256_128 [RFC4868]\"\n");
}

/* Wireshark would refuse the whole file for a name that it does not know. */
static void not_for_wireshark(void **state)
{
	struct gikev2_keylog keys = made_up;
	char line[GIKEV2_KEYLOG_LINE_MAX];

	(void)state;
	keys.encr = gikev2_encr_find(GIKEV2_ENCR_CHACHA20_POLY1305, 0);
	gikev2_keylog_line(&keys, line, sizeof(line));
	assert_string_equal(line, "# not for Wireshark: 0102030405060708,"
				  "f1f2f3f4f5f6f7f8 CHACHA20_POLY1305\n");
}

static void longest_line_fits(void **state)
{
	static const uint8_t most[GIKEV2_SK_A_MAX];
	struct gikev2_keylog keys = made_up;
	char line[GIKEV2_KEYLOG_LINE_MAX];
	int len;

	(void)state;
	keys.encr = gikev2_encr_find(GIKEV2_ENCR_AES_CBC, 256);
	keys.integ = gikev2_integ_find(GIKEV2_INTEG_HMAC_SHA2_512_256);
	keys.sk_ai = keys.sk_ar = most;
	len = gikev2_keylog_line(&keys, line, sizeof(line));
	assert_in_range(len, 1, sizeof(line) - 1);
	assert_int_equal(gikev2_keylog_line(&keys, line, len + 1), len);
	assert_int_equal(gikev2_keylog_line(&keys, line, len),
			 -GIKEV2_ERR_LIMIT);
}

/* -------------------------------------------------------------- who is told */

static struct world *pair(struct world_node **ks, struct world_node **r1,
			  bool multicast)
{
	struct world *world = world_new(5);

	*ks = world_add(world, "ks");
	*r1 = world_add(world, "r1");
	world_acquaint(*ks, *r1, "secret", "secret");
	if (multicast)
		(*ks)->group_config.rekey = (struct gikev2_rekey_config){
			.destination = { .family = 4,
					 .port = GIKEV2_PORT,
					 .ip = { 239, 192, 1, 1 } },
			.lifetime = 86400,
			.copies = 2,
		};
	reset(*ks, *r1);
	return world;
}

/* Both ends have the same to tell, and a rekey of the IKE SA is one more. */
static void of_ike_sas(void **state)
{
	struct world_node *ks, *r1;
	struct world *world = pair(&ks, &r1, false);

	(void)state;
	gikev2_set_keylog(ks->engine, keep);
	gikev2_set_keylog(r1->engine, keep);
	world_serve(ks, KEYTABLE_HMAC_SHA_256, 3600, 5, 15);
	world_join(r1, ks, WORLD_ALL_ALGORITHMS);
	world_run(world, SECOND);
	assert_int_equal(world_state(r1), GIKEV2_GM_KEY_TABLE);
	assert_int_equal(logs[0].count, 1);
	gikev2_want(r1->engine->ikes, GIKEV2_WANT_REKEY_IKE, world->now);
	world_run(world, SECOND);
	assert_int_equal(logs[0].count, 2);
	assert_int_equal(logs[1].count, 2);
	assert_memory_equal(logs[0].line, logs[1].line, sizeof(logs[0].line));
	assert_string_not_equal(logs[0].line[0], logs[0].line[1]);
	world_free(world);
}

/* Switched on late, it tells of what there is; switched off, of nothing. */
static void of_what_there_is(void **state)
{
	struct world_node *ks, *r1;
	struct world *world = pair(&ks, &r1, false);

	(void)state;
	world_serve(ks, KEYTABLE_HMAC_SHA_256, 3600, 5, 15);
	world_join(r1, ks, WORLD_ALL_ALGORITHMS);
	world_run(world, SECOND);
	gikev2_set_keylog(ks->engine, keep);
	gikev2_set_keylog(r1->engine, keep);
	assert_int_equal(logs[0].count, 1);
	assert_memory_equal(logs[0].line, logs[1].line, sizeof(logs[0].line));
	gikev2_set_keylog(ks->engine, NULL);
	gikev2_want(r1->engine->ikes, GIKEV2_WANT_REKEY_IKE, world->now);
	world_run(world, SECOND);
	assert_int_equal(logs[0].count, 1);
	assert_int_equal(logs[1].count, 2);
	world_free(world);
}

/* An SA without keys yet has nothing to tell. */
static void half_open(void **state)
{
	struct world_node *ks, *r1;
	struct world *world = pair(&ks, &r1, false);

	(void)state;
	world_serve(ks, KEYTABLE_HMAC_SHA_256, 3600, 5, 15);
	world_join(r1, ks, WORLD_ALL_ALGORITHMS);
	assert_true(world_step(world, GIKEV2_NEVER));
	assert_int_equal(ks->engine->totals.half_open, 1);
	gikev2_set_keylog(ks->engine, keep);
	gikev2_set_keylog(r1->engine, keep);
	assert_int_equal(logs[0].count, 0);
	assert_int_equal(logs[1].count, 0);
	world_free(world);
}

/* The keys of a Rekey SA: at the server when drawn, at the member when told. */
static void of_rekey_sas(void **state)
{
	struct world_node *ks, *r1;
	struct world *world = pair(&ks, &r1, true);
	char *server, *member;

	(void)state;
	gikev2_set_keylog(ks->engine, keep);
	gikev2_set_keylog(r1->engine, keep);
	world_serve(ks, KEYTABLE_HMAC_SHA_256, 3600, 5, 15);
	assert_int_equal(logs[0].count, 1);
	world_join(r1, ks, WORLD_ALL_ALGORITHMS);
	world_run(world, SECOND);
	assert_int_equal(logs[0].count, 2);
	assert_int_equal(logs[1].count, 2);
	/* the server made the Rekey SA first, the member heard of it last */
	server = logs[0].line[0];
	member = logs[1].line[1];
	assert_string_equal(server, member);
	assert_string_equal(logs[0].line[1], logs[1].line[0]);
	/* one key for both directions */
	assert_memory_equal(server + 34, server + 34 + 73, 72);
	/* and now for who asks late */
	world_run(world, 100 * SECOND);
	assert_int_equal(ks->engine->totals.ike_sas, 0);
	gikev2_set_keylog(ks->engine, keep);
	gikev2_set_keylog(r1->engine, keep);
	assert_int_equal(logs[0].count, 3);
	assert_int_equal(logs[1].count, 3);
	assert_string_equal(logs[0].line[2], server);
	assert_string_equal(logs[1].line[2], server);
	world_free(world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(aead),
		cmocka_unit_test(classic),
		cmocka_unit_test(not_for_wireshark),
		cmocka_unit_test(longest_line_fits),
		cmocka_unit_test(of_ike_sas),
		cmocka_unit_test(of_what_there_is),
		cmocka_unit_test(half_open),
		cmocka_unit_test(of_rekey_sas),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
