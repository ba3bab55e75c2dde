// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A key chain that looks keys up the way libfrr does, and virtual time, for
 * the tests of what the module does to key chains.
 */
#ifndef TEST_CHAIN_UTIL_H
#define TEST_CHAIN_UTIL_H

#include <stdlib.h>

#include "modules/mrkm_chain.h"
#include "test_util.h"

#define SECOND KEYTABLE_SECOND
#define OSPFV2 201
#define LAST MRKM_LAST_RESORT_ID
#define NOBODY UINT32_MAX
#define KEYS_MAX (2 * KEYTABLE_ROWS_MAX + 16)

/* ------------------------------------------------ a key chain for the tests */

struct key {
	bool used;
	char chain[16];
	uint32_t id;
	uint16_t algorithm;
	char *string;
	bool sends, accepts, configured;
	uint64_t closed_at; /* when it last stopped sending */
};

static struct key keys[KEYS_MAX];
static struct mrkm_chains chains;
static uint64_t now, next_run;
static unsigned int conflicts, put_count;
static uint32_t reported_sender;
static bool reported_conflict, random_fails;

static inline struct key *find_key(const char *chain, uint32_t id)
{
	for (size_t i = 0; i < KEYS_MAX; i++)
		if (keys[i].used && keys[i].id == id &&
		    strcmp(keys[i].chain, chain) == 0)
			return &keys[i];
	return NULL;
}

static inline struct key *get_key(const char *chain, uint32_t id)
{
	struct key *key = find_key(chain, id);

	for (size_t i = 0; !key && i < KEYS_MAX; i++)
		if (!keys[i].used)
			key = &keys[i];
	assert_non_null(key);
	key->used = true;
	strcpy(key->chain, chain);
	key->id = id;
	return key;
}

static inline void delete_key(struct key *key)
{
	free(key->string);
	memset(key, 0, sizeof(*key));
}

/* As `key N` does, and `key-string S`: always valid, whoever had the ID. */
static inline void operator_key(const char *chain, uint32_t id,
				const char *string)
{
	struct key *key = get_key(chain, id);

	key->configured = true;
	if (!string)
		return;
	free(key->string);
	key->string = strdup(string);
	key->algorithm = KEYTABLE_HMAC_SHA_256;
	key->sends = key->accepts = true;
}

static inline void operator_removes_chain(const char *chain)
{
	for (size_t i = 0; i < KEYS_MAX; i++)
		if (keys[i].used && strcmp(keys[i].chain, chain) == 0)
			delete_key(&keys[i]);
}

static inline size_t op_list(void *arg, const char *chain,
			     struct mrkm_chain_key *out, size_t max)
{
	size_t count = 0;

	(void)arg;
	for (size_t i = 0; i < KEYS_MAX; i++) {
		if (!keys[i].used || strcmp(keys[i].chain, chain) != 0)
			continue;
		if (count < max)
			out[count] = (struct mrkm_chain_key){
				keys[i].id, keys[i].algorithm, keys[i].string,
				keys[i].configured
			};
		count++;
	}
	return count;
}

static inline void op_put(void *arg, const char *chain, uint32_t id,
			  uint16_t algorithm, const uint8_t *octets, size_t len)
{
	struct key *key = get_key(chain, id);

	(void)arg;
	free(key->string);
	key->string = strndup((const char *)octets, len);
	assert_int_equal(strlen(key->string), len);
	key->algorithm = algorithm;
	key->sends = key->accepts = false;
	put_count++;
}

static inline void op_open(void *arg, const char *chain, uint32_t id,
			   bool sends, bool accepts)
{
	struct key *key = find_key(chain, id);

	(void)arg;
	assert_non_null(key);
	if (key->sends && !sends)
		key->closed_at = now;
	key->sends = sends;
	key->accepts = accepts;
}

/* ospfd may still point to a key that has just been closed. */
static inline void op_remove(void *arg, const char *chain, uint32_t id)
{
	struct key *key = find_key(chain, id);

	(void)arg;
	assert_non_null(key);
	assert_false(key->sends || key->accepts);
	if (key->closed_at)
		assert_true(now >= key->closed_at + MRKM_CHAIN_GRACE);
	if (!key->configured) {
		delete_key(key);
		return;
	}
	/* libfrr expects it to be there when the operator removes it. */
	free(key->string);
	key->string = NULL;
	key->sends = key->accepts = true;
}

static inline int op_random(void *arg, uint8_t *octets, size_t len)
{
	static uint64_t seed = 1;

	(void)arg;
	return random_fails ? -1 : test_prng(&seed, octets, len);
}

static inline void op_obstacle(void *arg, const struct mrkm_binding *binding)
{
	(void)arg;
	conflicts++;
	reported_conflict = binding->obstacle == MRKM_ERR_CONFLICT;
}

static inline void op_sender(void *arg, const struct mrkm_binding *binding)
{
	(void)arg;
	reported_sender = binding->sender;
}

static const struct mrkm_chain_ops ops = {
	.list = op_list,
	.put = op_put,
	.open = op_open,
	.remove = op_remove,
	.random = op_random,
	.obstacle = op_obstacle,
	.sender = op_sender,
};

/* ------------------------------------- what libfrr and the wire make of it */

/* key_lookup_for_send(): the lowest ID that is open. */
static inline uint32_t sends(const char *chain)
{
	uint32_t id = NOBODY;

	for (size_t i = 0; i < KEYS_MAX; i++)
		if (keys[i].used && keys[i].sends && keys[i].id < id &&
		    strcmp(keys[i].chain, chain) == 0)
			id = keys[i].id;
	return id;
}

/* key_lookup_for_accept(): the lowest open one from that ID on. */
static inline uint32_t accepts(const char *chain, uint32_t wanted)
{
	uint32_t id = NOBODY;

	for (size_t i = 0; i < KEYS_MAX; i++)
		if (keys[i].used && keys[i].accepts && keys[i].id >= wanted &&
		    keys[i].id < id && strcmp(keys[i].chain, chain) == 0)
			id = keys[i].id;
	return id;
}

static inline size_t open_senders(const char *chain)
{
	size_t count = 0;

	for (size_t i = 0; i < KEYS_MAX; i++)
		count += keys[i].used && keys[i].sends &&
			 strcmp(keys[i].chain, chain) == 0;
	return count;
}

static inline size_t key_count(const char *chain)
{
	return op_list(NULL, chain, NULL, 0);
}

/* Lets time pass, running whenever the module asked for it. */
static inline void advance_to(uint64_t instant)
{
	while (next_run <= instant) {
		now = next_run;
		next_run = mrkm_chains_run(&chains, now);
		assert_true(next_run > now);
	}
	now = instant;
}

/* ------------------------------------------------------------------- orders */

static struct mrkm_order order = { "CORE", OSPFV2, "CHAIN", 1, 1 };

static inline struct keytable_row make_row(uint32_t id, uint64_t send_start,
					   uint64_t send_end,
					   uint64_t accept_end)
{
	struct keytable_row row = {
		.protocol = OSPFV2,
		.direction = KEYTABLE_BOTH,
		.algorithm = KEYTABLE_HMAC_SHA_256,
		.id = id,
		.accept_start = 0,
		.accept_end = accept_end,
		.send_start = send_start,
		.send_end = send_end,
		.key_len = 32,
	};

	memset(row.key, 'a' + (int)(id % 26), 32);
	return row;
}

static enum mrkm_err results[KEYTABLE_ROWS_MAX];

static inline int order_keys(const struct keytable_row *rows, size_t count)
{
	int err;

	memset(results, 0, sizeof(results));
	err = mrkm_chains_keys(&chains, &order, rows, count, results, now);
	next_run = mrkm_chains_run(&chains, now);
	return err;
}

static inline int order_bind(void)
{
	int err = mrkm_chains_bind(&chains, &order, now);

	next_run = mrkm_chains_run(&chains, now);
	return err;
}

static inline void order_withdraw(void)
{
	mrkm_chains_withdraw(&chains, &order, now);
	next_run = mrkm_chains_run(&chains, now);
}

static inline int setup(void **state)
{
	(void)state;
	memset(&chains, 0, sizeof(chains));
	chains.ops = &ops;
	chains.capabilities[0] = (struct mrkm_capability){
		OSPFV2, KEYTABLE_ALGO_BIT(KEYTABLE_KEYED_MD5) |
				KEYTABLE_ALGO_BIT(KEYTABLE_HMAC_SHA_256)
	};
	chains.capability_count = 1;
	order = (struct mrkm_order){ "CORE", OSPFV2, "CHAIN", 1, 1 };
	now = 1000 * SECOND;
	next_run = KEYTABLE_NEVER;
	conflicts = put_count = 0;
	reported_sender = 0;
	reported_conflict = random_fails = false;
	return 0;
}

static inline int teardown(void **state)
{
	(void)state;
	now += 2 * MRKM_CHAIN_GRACE;
	/* A daemon that ends has nothing to wait for. */
	for (size_t i = 0; i < KEYS_MAX; i++)
		keys[i].closed_at = keys[i].sends = keys[i].accepts = 0;
	mrkm_chains_fini(&chains);
	for (size_t i = 0; i < KEYS_MAX; i++)
		if (keys[i].used)
			delete_key(&keys[i]);
	return 0;
}

#define chain_test(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

#endif /* TEST_CHAIN_UTIL_H */
