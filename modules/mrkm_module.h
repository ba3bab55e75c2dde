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
#include "modules/mrkm_protect.h"

struct event_loop;
struct event;
struct vty;
struct zclient;

struct mrkm_module {
	struct event_loop *loop;
	struct zclient *zclient;
	struct event *t_run;
	struct mrkm_chains chains;
	struct mrkm_protect protect;
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

/* mrkm_keychain_yang.c: their configuration, where the daemon has none. */
void mrkm_keychain_yang_init(void);
void mrkm_keychain_yang_fini(void);

/* Has the daemon ended its key chains?  Then there is nothing to touch. */
bool mrkm_keychain_gone(void);

/* KEYTABLE_ALGO_BIT()s of `algorithms` that this libfrr can do. */
uint32_t mrkm_keychain_algorithms(uint32_t algorithms);

/* Does all that is due, and what a change of the configuration brings. */
void mrkm_module_run(void);

/*
 * mrkm_command_*.c, one of them in each module: what a daemon's module adds to
 * its commands.  0, or a negated reason.
 */
int mrkm_command_init(const char *daemon);

/*
 * mrkm_protect_frr.c: kernel IPsec, in the daemons that ask for it.  `command`
 * is what stands in front of a key chain's name in the configuration of an
 * interface.
 */
int mrkm_protect_begin(const char *daemon, const char *command);
void mrkm_protect_end(void);

/* The command, in the context of an interface; NULL: "no". */
int mrkm_protect_command(struct vty *vty, const char *key_chain);

/* The way to zebra's module: what zapi_callbacks say. */
void mrkm_protect_connected(void);
void mrkm_protect_message(const struct mrkm_peer *from, const uint8_t *octets,
			  size_t len);
void mrkm_protect_registered(const struct mrkm_peer *peer);

/* Does what is due; when it is needed next. */
uint64_t mrkm_protect_work(uint64_t now);

/* mrkm_module_vty.c */
void mrkm_module_vty_init(void);

#endif /* MRKM_MODULE_H */
