# SPDX-License-Identifier: MIT
# The network library: lwIP and its port to our threads and vifs. Images that use it name
# $(NETWORK_LIBRARY) as guest_image's fourth argument. lwIP is unpacked from Debian's source package in
# $XENLIKE_CACHE, where `make fetch` (or this rule, unless OFFLINE=1) puts it.

LWIP_SOURCE  := $(firstword $(wildcard $(XENLIKE_CACHE)/lwip_*.orig.tar.xz))
LWIP         := $(BUILD)/lwip
LWIP_STAMP   := $(LWIP)/unpacked
NETWORK_LIBRARY := $(GUEST_BUILD)/libnetwork.a

# What lwIP's own Filelists.mk calls CORE, CORE4, API, and Ethernet.
LWIP_FILES := $(addprefix core/,init def dns inet_chksum ip mem memp netif pbuf raw stats sys tcp \
                tcp_in tcp_out timeouts udp) \
              $(addprefix core/ipv4/,dhcp etharp icmp ip4_frag ip4 ip4_addr) \
              $(addprefix api/,api_lib api_msg err if_api netbuf netdb netifapi sockets tcpip) \
              netif/ethernet
LWIP_OBJECTS := $(LWIP_FILES:%=$(GUEST_BUILD)/lwip/%.o)
NETWORK_SOURCES := $(wildcard guest-pv-kernel/net/*.c)
NETWORK_OBJECTS := $(NETWORK_SOURCES:%.c=$(GUEST_BUILD)/%.o)

# Before the compiler's and libc's headers: lwIP's names do not clash with theirs.
NETWORK_INCLUDES := -I$(LWIP)/src/include -Iguest-pv-kernel/net/port

$(LWIP_STAMP): guest-pv-kernel/net/build.mk
	@XENLIKE_CACHE=$(XENLIKE_CACHE) tests/tools/fetch-source.sh lwip
	@rm -rf $(LWIP) && mkdir -p $(LWIP)
	@tar -xJf $$(ls $(XENLIKE_CACHE)/lwip_*.orig.tar.xz | tail -n 1) -C $(LWIP) --strip-components=1
	@touch $@

# Its code is compiled as it is: without our warnings.
$(GUEST_BUILD)/lwip/%.o: $(LWIP_STAMP) guest-pv-kernel/net/port/lwipopts.h | $(INCLUDE_LINK) $(NEWLIB)/lib/libc.a
	@mkdir -p $(dir $@)
	@echo "  LWIPCC  $*.c"
	@$(TARGET_CC) $(filter-out $(WARNINGS),$(GUEST_CFLAGS)) -w $(NETWORK_INCLUDES) $(GUEST_INCLUDES) \
	    -MMD -MP -c -o $@ $(LWIP)/src/$*.c

$(NETWORK_OBJECTS): GUEST_EXTRA := -isystem $(LWIP)/src/include -Iguest-pv-kernel/net/port
$(NETWORK_OBJECTS): | $(LWIP_STAMP)

$(NETWORK_LIBRARY): $(LWIP_OBJECTS) $(NETWORK_OBJECTS)
	@echo "  AR      $@"
	@rm -f $@
	@ar rcs $@ $^

-include $(NETWORK_OBJECTS:.o=.d) $(LWIP_OBJECTS:.o=.d)
