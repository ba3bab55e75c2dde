// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * libfrr's key chains, as mrkm_chain.c wants them.
 *
 * Key chains and keys are looked up anew each time: the operator can remove
 * them at any moment.
 */
#include <zebra.h>

#include "keychain.h"
#include "linklist.h"
#include "memory.h"
#include "northbound.h"

#include "modules/mrkm_module.h"

/*
 * Ranges that libfrr takes for "always" and "never" whatever the clock says:
 * start 0 is not compared at all, and the end of the other is before any
 * moment that is not before its start.
 */
static const struct key_range range_open = { .start = 0, .end = -1 };
static const struct key_range range_closed = { .start = 1, .end = 0 };

static enum keychain_hash_algo hash_algo(uint16_t algorithm)
{
	const struct keytable_algorithm *alg =
		keytable_algorithm_by_id(algorithm);

	return alg ? keychain_get_algo_id_by_name(alg->name)
		   : KEYCHAIN_ALGO_NULL;
}

static uint16_t algorithm_of(const struct key *key)
{
	const struct keytable_algorithm *alg = keytable_algorithm_by_name(
		keychain_get_algo_name_by_id(key->hash_algo));

	return alg ? alg->id : 0;
}

/* A build with the internal crypto has fewer names than one with OpenSSL. */
uint32_t mrkm_keychain_algorithms(uint32_t algorithms)
{
	uint32_t result = 0;

	for (uint16_t id = 1; id <= KEYTABLE_AUTH_ALGO_MAX; id++)
		if (hash_algo(id) != KEYCHAIN_ALGO_NULL)
			result |= KEYTABLE_ALGO_BIT(id);
	return result & algorithms;
}

void mrkm_keychain_init(void)
{
	if (keychain_list)
		return;
	mrkm_keychain_yang_init();
	keychain_init();
}

bool mrkm_keychain_gone(void)
{
	return !keychain_list;
}

/*
 * Does the key stand in this daemon's configuration?  Its key chain does not
 * when nobody has configured anything in it (last_touch).
 */
static bool is_configured(const struct keychain *keychain,
			  const struct key *key)
{
	return keychain->last_touch && running_config &&
	       running_config->dnode &&
	       yang_dnode_existsf(
		       running_config->dnode,
		       "/ietf-key-chain:key-chains/key-chain[name='%s']/key[key-id='%u']",
		       keychain->name, key->index);
}

size_t mrkm_keychain_list(void *arg, const char *key_chain,
			  struct mrkm_chain_key *keys, size_t max)
{
	const struct keychain *keychain = keychain_lookup(key_chain);
	const struct key *key;
	struct listnode *node;
	size_t count = 0;

	if (!keychain)
		return 0;
	for (ALL_LIST_ELEMENTS_RO(keychain->key, node, key)) {
		if (count < max)
			keys[count] = (struct mrkm_chain_key){
				.id = key->index,
				.algorithm = algorithm_of(key),
				.string = key->string,
				.configured = is_configured(keychain, key),
			};
		count++;
	}
	return count;
}

static void wipe_string(struct key *key)
{
	if (key->string)
		explicit_bzero(key->string, strlen(key->string));
	XFREE(MTYPE_KEY, key->string);
}

void mrkm_keychain_put(void *arg, const char *key_chain, uint32_t id,
		       uint16_t algorithm, const uint8_t *octets, size_t len)
{
	struct key *key = key_get(keychain_get(key_chain), id);

	key->send = key->accept = range_closed;
	wipe_string(key);
	key->string = XMALLOC(MTYPE_KEY, len + 1);
	memcpy(key->string, octets, len);
	key->string[len] = '\0';
	key->hash_algo = hash_algo(algorithm);
}

static struct key *find_key(const char *key_chain, uint32_t id)
{
	const struct keychain *keychain = keychain_lookup(key_chain);

	return keychain ? key_lookup(keychain, id) : NULL;
}

void mrkm_keychain_open(void *arg, const char *key_chain, uint32_t id,
			bool sends, bool accepts)
{
	struct key *key = find_key(key_chain, id);

	if (!key)
		return;
	key->send = sends ? range_open : range_closed;
	key->accept = accepts ? range_open : range_closed;
}

/*
 * The key chain stays, empty: ospfd looks it up for every packet, and when it
 * is gone, ospfd goes on with the key that it found there last.
 */
void mrkm_keychain_remove(void *arg, const char *key_chain, uint32_t id)
{
	struct keychain *keychain = keychain_lookup(key_chain);
	struct key *key = find_key(key_chain, id);

	if (!key)
		return;
	wipe_string(key);
	key->hash_algo = KEYCHAIN_ALGO_NULL;
	if (!is_configured(keychain, key)) {
		key_delete(keychain, key);
		return;
	}
	/* As key_get() makes it for the operator. */
	memset(&key->send, 0, sizeof(key->send));
	memset(&key->accept, 0, sizeof(key->accept));
}
