# SPDX-License-Identifier: MIT
# An image for a CD or a USB stick: GRUB for BIOS and UEFI, xenlike, dom0 with the examples in its RAM disk.
ISO_IMAGE := $(BUILD)/xenlike.iso

# grub-mkrescue puts in each half of GRUB that is installed: grub-pc-bin, grub-efi-amd64-bin.
$(ISO_IMAGE): dom0-tools/iso/grub.cfg dom0-tools/iso/want-video.py $(HV_DIR)/xenlike $(DOM0_IMAGE) $(DOM0_INITRD) | setup-iso
	@echo "  ISO     $@"
	@rm -rf $@.d && mkdir -p $@.d/boot/grub
	@cp $(DOM0_INITRD) $@.d/boot/
	@$(PYTHON) dom0-tools/iso/want-video.py $(HV_DIR)/xenlike $@.d/boot/xenlike
	@strip --strip-debug -o $@.d/boot/dom0.elf $(DOM0_IMAGE)
	@cp dom0-tools/iso/grub.cfg $@.d/boot/grub/
	@grub-mkrescue -o $@ $@.d > $@.log 2>&1 || { cat $@.log >&2; rm -f $@; exit 1; }
	@rm -rf $@.d $@.log

.PHONY: iso iso-demo
iso: $(ISO_IMAGE) ## a bootable image (BIOS and UEFI): build/xenlike.iso

iso-demo: iso ## boot it in QEMU, with the console on this terminal (^A x ends QEMU)
	@$(QEMU) -accel tcg -cpu max,-smap -m 512 -display none -serial mon:stdio -no-reboot -cdrom $(ISO_IMAGE)
