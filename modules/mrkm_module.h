// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * mrkm.so: what its files share.  mrkm_chain.c decides, mrkm_keychain.c does
 * it to libfrr's key chains, mrkm_module.c connects both to mrkmd, and
 * mrkm_module_vty.c shows it.
 */
#ifndef MRKM_MODULE_H
#define MRKM_MODULE_H

#include "mrkm/mrkm_receiver.h"
#include "modules/mrkm_chain.h"

struct event_loop;
struct event;
struct zclient;

struct mrkm_module {
	struct event_loop *loop;
	struct zclient *zclient;
	struct event *t_run;
	struct mrkm_chains chains;
	struct mrkm_receiver receiver;
};

extern struct mrkm_module mrkm_module;

/* Microseconds of CLOCK_MONOTONIC, which mrkmd counts in too. */
uint64_t mrkm_module_now(void);

/* mrkm_keychain.c: the key chain part of mrkm_chain_ops. */
size_t mrkm_keychain_list(void *arg, const char *key_chain,
			  struct mrkm_chain_key *keys, size_t max);
void mrkm_keychain_put(void *arg, const char *key_chain, uint32_t id,
		       uint16_t algorithm, const uint8_t *octets, size_t len);
void mrkm_keychain_open(void *arg, const char *key_chain, uint32_t id,
			bool sends, bool accepts);
void mrkm_keychain_remove(void *arg, const char *key_chain, uint32_t id);

/* Makes the list of key chains in a daemon that has none by itself. */
void mrkm_keychain_init(void);

/* Has the daemon ended its key chains?  Then there is nothing to touch. */
bool mrkm_keychain_gone(void);

/* KEYTABLE_ALGO_BIT()s of `algorithms` that this libfrr can do. */
uint32_t mrkm_keychain_algorithms(uint32_t algorithms);

/* mrkm_module_vty.c */
void mrkm_module_vty_init(void);

#endif /* MRKM_MODULE_H */
