// Light or dark, as the system says or as was chosen here. A plain script, so that it comes before the first picture.
(() => {
  const system = matchMedia('(prefers-color-scheme: dark)');
  const root = document.documentElement;

  function show() {
    root.dataset.bsTheme = localStorage.getItem('call.theme') ?? (system.matches ? 'dark' : 'light');
  }

  show();
  system.addEventListener('change', show);
  document.addEventListener('DOMContentLoaded', () => {
    document.getElementById('theme').onclick = () => {
      localStorage.setItem('call.theme', root.dataset.bsTheme === 'dark' ? 'light' : 'dark');
      show();
    };
  });
})();
