// What the frame of a page remembers and does, for Alpine: its expressions in the templates are names, never code.
"use strict";

// Before the first paint, so that night never flashes white.
document.documentElement.classList.toggle("dark", (() => {
  const chosen = (localStorage.getItem("adminTheme") || "").replaceAll('"', "");
  return chosen === "dark" || (chosen !== "light" && window.matchMedia("(prefers-color-scheme: dark)").matches);
})());

document.addEventListener("alpine:init", () => {
  const SIDEBAR = "sidebarDesktopOpen";

  Alpine.data("theme", theme);

  Alpine.data("shell", () => ({
    activeTab: "",
    sidebarMobileOpen: false,
    sidebarDesktopOpen: localStorage.getItem(SIDEBAR) !== "0",
    toggleSidebar() {
      this.sidebarDesktopOpen = !this.sidebarDesktopOpen;
      localStorage.setItem(SIDEBAR, this.sidebarDesktopOpen ? "1" : "0");
    },
    toggleMenu() { this.sidebarMobileOpen = !this.sidebarMobileOpen; },
  }));

  Alpine.data("palette", () => ({
    ...searchCommand(),
    open(event) {
      if (this.items && this.currentIndex > 0) { this.selectItem(false, event.metaKey || event.ctrlKey); }
    },
  }));
});
